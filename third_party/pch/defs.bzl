"""A precompiled header, by the same compiler and flags as everything else."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

# The two levels of .bazelrc: sources, and the files of tests (its per_file_copt).
_LEVELS = {
    "optimized": [],
    "unoptimized": ["-O0", "-U_FORTIFY_SOURCE"],
}

def _precompiled_header_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = cc_common.create_compile_variables(
            feature_configuration = features,
            cc_toolchain = toolchain,
            user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts,
        ),
    )

    # The compiler looks for HEADER.gch beside the header that it is told to include, and in a folder of that name takes
    # the file that fits its own flags.
    header = ctx.actions.declare_file("include/" + ctx.file.src.basename)
    ctx.actions.symlink(output = header, target_file = ctx.file.src)
    outputs = [header]
    for level, more in _LEVELS.items():
        compiled = ctx.actions.declare_file("include/%s.gch/%s" % (header.basename, level))
        outputs.append(compiled)
        ctx.actions.run(
            executable = cc_common.get_tool_for_action(
                feature_configuration = features,
                action_name = "c++-compile",
            ),
            arguments = flags + more + ["-w", "-x", "c++-header", "-c", header.path, "-o", compiled.path],
            inputs = depset([header], transitive = [toolchain.all_files]),
            outputs = [compiled],
            mnemonic = "PrecompileHeader",
            progress_message = "Precompiling %s, %s" % (header.basename, level),
        )
    return [
        DefaultInfo(files = depset(outputs)),
        CcInfo(compilation_context = cc_common.create_compilation_context(headers = depset(outputs))),
    ]

precompiled_header = rule(
    implementation = _precompiled_header_impl,
    attrs = {
        "src": attr.label(allow_single_file = [".h"], mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    provides = [CcInfo],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
