// What goes to standard output: lines for people, or JSON for programs.
#ifndef LABYRINTH_TOOLS_CLI_OUTPUT_H_
#define LABYRINTH_TOOLS_CLI_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace labyrinth::cli {

using Json = nlohmann::ordered_json;

enum class OutputForm {
  kText,
  kJson,       // one document a command
  kJsonLines,  // one a line: each item of a list, and each document
};

// One command's output. Whatever came from a message, a title or a server passes through client::Printable (text) or
// client::JsonLine (JSON) first, so that it can't drive the terminal. Thread-compatible.
class Output {
 public:
  explicit Output(OutputForm form) : form_(form) {}
  bool json() const { return form_ != OutputForm::kText; }
  OutputForm form() const { return form_; }

  // A line of text; nothing in JSON. `text` is safe to print already.
  void Line(std::string_view text);
  // The command's one JSON document; nothing in text mode.
  void Document(const Json& document);

  // In JSON the document is {HEAD..., "KEY": [items], TAIL...}, written item by item; in JSON lines each of the three
  // is a line of its own, unless it is empty. Nothing in text.
  void BeginList(const Json& head, std::string_view key);
  void Item(const Json& item);
  void EndList(const Json& tail = Json::object());

  // FAILED_PRECONDITION if some of it couldn't be written: a full disk, say.
  absl::Status Finish();

 private:
  const OutputForm form_;
  bool first_item_ = true;
};

// One line on standard error, for people (text, begun with the program's name) or programs (JSON).
void PrintError(std::string_view program, const absl::Status& status, bool json);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_OUTPUT_H_
