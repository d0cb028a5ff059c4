// The committed sample, read as a whole: what the parser's own fixtures can't show is that real text survives.
#include <catch2/catch.hpp>
#include <filesystem>

#include "client/transfer/export_fixture.h"
#include "client/transfer/messenger_export.h"
#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

// Bazel shows data as links, which an export may not have.
void CopySample(const TempFolder& folder) {
  std::filesystem::copy("tests/data/sample_export", folder.path(), std::filesystem::copy_options::recursive);
}

TEST_CASE("The sample export is read whole") {
  TempFolder folder;
  CopySample(folder);
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(folder.path());
  REQUIRE(source.ok());
  absl::StatusOr<ExportSummary> summary = source->Validate();
  REQUIRE(summary.ok());
  CHECK(summary->threads == 39);
  CHECK(summary->messages + summary->omissions.repeated_messages == 326);
  CHECK(summary->omissions.repeated_messages == 2);
  CHECK(summary->omissions.unrepaired_strings == 0);
  CHECK(summary->omissions.messages_without_content == 0);
}

TEST_CASE("The sample's text comes out as it was written") {
  TempFolder folder;
  CopySample(folder);
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(folder.path());
  REQUIRE(source.ok());
  bool japanese = false, pound = false, longest = false;
  REQUIRE(source
              ->ForEachPart([&](ExportPart part) {
                CHECK(part.thread.path.starts_with("inbox/"));
                int64_t last_ms = 0;
                for (const ExportMessage& m : part.messages) {
                  CHECK(m.timestamp_ms >= last_ms);
                  last_ms = m.timestamp_ms;
                  CHECK(IsValidUtf8(m.content));
                  japanese = japanese || m.content.find("社\n伊東様") != std::string::npos;
                  pound = pound || m.content.find("£") != std::string::npos;
                  longest = longest || m.content.size() == 16000;
                }
                return absl::OkStatus();
              })
              .ok());
  CHECK(japanese);
  CHECK(pound);
  CHECK(longest);
}

}  // namespace
}  // namespace labyrinth::client
