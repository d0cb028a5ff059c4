"""C++ message and gRPC stub code from .proto files, with the system protoc."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def _generate(name, srcs, suffixes, flags, imports = []):
    stems = [s[:-len(".proto")] for s in srcs]
    hdrs = [s + e + ".h" for s in stems for e in suffixes]
    ccs = [s + e + ".cc" for s in stems for e in suffixes]
    native.genrule(
        name = name + "_gen",
        srcs = srcs + imports,
        outs = hdrs + ccs,
        cmd = "protoc -I. -I/usr/include --cpp_out=$(GENDIR) " + flags + " " +
              " ".join(["$(location %s)" % s for s in srcs]),
        message = "Generating protobuf code for",
    )
    return hdrs, ccs

def cc_proto_messages(name, srcs, deps = [], **kwargs):
    """Generates and compiles message code for `srcs`.

    Args:
      name: name of the resulting cc_library.
      srcs: .proto files of this package.
      deps: further cc_libraries made by this rule.
      **kwargs: passed to cc_library.
    """
    hdrs, ccs = _generate(name, srcs, [".pb"], "")
    cc_library(
        name = name,
        srcs = ccs,
        hdrs = hdrs,
        copts = ["-w"],
        deps = deps + ["//third_party:protobuf"],
        **kwargs
    )

def cc_grpc_library(name, srcs, deps = [], imports = [], **kwargs):
    """As cc_proto_messages, with gRPC service code as well.

    Args:
      name: name of the resulting cc_library.
      srcs: .proto files of this package.
      deps: further cc_libraries made by this rule.
      imports: .proto files that `srcs` import from `deps`.
      **kwargs: passed to cc_library.
    """
    hdrs, ccs = _generate(
        name,
        srcs,
        [".pb", ".grpc.pb"],
        "--grpc_out=$(GENDIR) --plugin=protoc-gen-grpc=$$(command -v grpc_cpp_plugin)",
        imports,
    )
    cc_library(
        name = name,
        srcs = ccs,
        hdrs = hdrs,
        copts = ["-w"],
        deps = deps + ["//third_party:grpc++", "//third_party:protobuf"],
        **kwargs
    )
