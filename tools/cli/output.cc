#include "tools/cli/output.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>

#include <cstdio>

#include "client/transfer/json_text.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/errors.h"

namespace labyrinth::cli {
namespace {

void Put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

// The fields of an object without its braces.
std::string Fields(const Json& object) {
  const std::string line = client::JsonLine(object);
  return line.substr(1, line.size() - 3);
}

}  // namespace

void Output::Line(std::string_view text) {
  if (json()) return;
  Put(text);
  Put("\n");
}

void Output::Document(const Json& document) {
  if (json()) Put(client::JsonLine(document));
}

void Output::BeginList(const Json& head, std::string_view key) {
  if (form_ == OutputForm::kJsonLines && !head.empty()) Document(head);
  if (form_ != OutputForm::kJson) return;
  const std::string fields = Fields(head);
  Put(fmt::format("{{{}{}\"{}\":[", fields, fields.empty() ? "" : ",", key));
  first_item_ = true;
}

void Output::Item(const Json& item) {
  if (form_ == OutputForm::kJsonLines) return Document(item);
  if (form_ != OutputForm::kJson) return;
  Put(first_item_ ? "\n" : ",\n");
  first_item_ = false;
  const std::string line = client::JsonLine(item);
  Put(std::string_view(line).substr(0, line.size() - 1));
}

void Output::EndList(const Json& tail) {
  if (form_ == OutputForm::kJsonLines && !tail.empty()) Document(tail);
  if (form_ != OutputForm::kJson) return;
  const std::string fields = Fields(tail);
  Put(fmt::format("\n]{}{}}}\n", fields.empty() ? "" : ",", fields));
}

absl::Status Output::Finish() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("standard output: {}", strerror(errno)));
}

void PrintError(std::string_view program, const absl::Status& status, bool json) {
  const std::optional<Reason> reason = ReasonOf(status);
  std::string text = client::Printable(client::TextOf(status));
  if (json) {
    Json error = {{"code", absl::StatusCodeToString(status.code())}};
    if (reason) error["reason"] = ReasonName(*reason);
    error["message"] = text;
    text = client::JsonLine({{"error", error}});
  } else {
    text = fmt::format("{}: {}{}\n", program, text, reason ? fmt::format(" ({})", ReasonName(*reason)) : "");
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace labyrinth::cli
