#include "client/transfer/html_export.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "client/transfer/export_fixture.h"
#include "client/transfer/html_text.h"
#include "client/transfer/jsonl_line.h"

namespace labyrinth::client {
namespace {

using Catch::Contains;
using Json = nlohmann::ordered_json;

// One thread, as the export writes it.
struct Written {
  void Add(const Json& message) { lines += JsonLine(message), ++count; }
  std::map<std::string, std::string> Pages(const std::string& title) {
    WriteFile(folder / "out/threads/aa.jsonl", lines);
    WriteFile(folder / "out/index.jsonl", JsonLine({{"thread_id", "aa"},
                                                    {"title", title},
                                                    {"file", "threads/aa.jsonl"},
                                                    {"messages", count},
                                                    {"first_ms", 0},
                                                    {"last_ms", 1}}));
    const auto out = OutputFolder::Open(folder / "out");
    REQUIRE(out.ok());
    const absl::Status written = WriteHtmlPages(*out, folder / "out", absl::UTCTimeZone());
    INFO(std::string(written.message()));
    REQUIRE(written.ok());
    return ReadTree(folder / "out");
  }

  TempFolder folder;
  std::string lines;
  uint64_t count = 0;
};

Json Message(const std::string& sender, const std::string& text, int64_t timestamp_ms) {
  return {{"message_id", "00"}, {"timestamp_ms", timestamp_ms}, {"sender", sender}, {"text", text}};
}

int Times(const std::string& text, const std::string& what) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++count;
  return count;
}

// The tags of a page, without their attributes' values.
std::map<std::string, int> TagsOf(const std::string& page) {
  std::map<std::string, int> tags;
  for (std::size_t at = 0; (at = page.find('<', at)) != std::string::npos; ++at) {
    const std::size_t end = page.find_first_of(" >", at);
    ++tags[page.substr(at + 1, end - at - 1)];
  }
  return tags;
}

TEST_CASE("Text is escaped for every place that it can stand in") {
  CHECK(EscapeHtml("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
  CHECK(EscapeHtml("line\n\ttab") == "line\n\ttab");
  CHECK(EscapeHtml(std::string("\0\x1b\x7f", 3)) == "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(EscapeHtml("\xff\xc3\xbc\xc2\x85") == "\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd");
  CHECK(EscapeUrlPath("a b/\"<#?%.jpg") == "a%20b/%22%3C%23%3F%25.jpg");
  CHECK(EscapeUrlPath("javascript:alert(1)") == "javascript%3Aalert%281%29");
  CHECK(OneLine("  a \n b  ", 10) == "a b");
  CHECK(OneLine("abcdef", 3) == "abc\xe2\x80\xa6");
  CHECK(OneLine("abc", 3) == "abc");
  CHECK(SizeText(999) == "999 bytes");
  CHECK(SizeText(1000) == "1.0 kB");
  CHECK(SizeText(23'400'000) == "23 MB");
  CHECK(IsPassiveFile("attachments/x.JPG"));
  for (const char* name : {"x.html", "x.svg", "x.htm", "x", "x.jpg.xhtml", "x.js", "x.exe"})
    CHECK_FALSE(IsPassiveFile(name));
}

TEST_CASE("A thread has days, groups, times, and pages that lead to each other") {
  Written w;
  for (int i = 0; i < 1100; ++i) w.Add(Message(i % 3 == 0 ? "Ann" : "Bob", fmt::format("text {}", i), i * 3'600'000LL));
  const auto tree = w.Pages("A thread");
  CHECK(tree.contains("pages/aa-1.html"));
  CHECK(tree.contains("pages/aa-3.html"));
  CHECK_FALSE(tree.contains("pages/aa-4.html"));
  const std::string& first = tree.at("pages/aa-1.html");
  CHECK(Times(first, "<li class=\"m") == 500);
  CHECK(Times(first, "<h2 class=\"day\">") == 21);
  CHECK_THAT(first, Contains("Thursday, 1 January 1970"));
  CHECK_THAT(first, Contains("datetime=\"1970-01-01T02:00:00Z\">02:00</time>"));
  CHECK_THAT(first, Contains("<a href=\"aa-2.html\">Newer</a>") && Contains("<span>Older</span>"));
  CHECK(Times(tree.at("pages/aa-3.html"), "<li class=\"m") == 100);
  // The index leads to the newest page.
  CHECK_THAT(tree.at("index.html"), Contains("<a href=\"pages/aa-3.html\">") && Contains("A thread") &&
                                        Contains("1,100 messages") && Contains("text 1099"));

  SECTION("and pages of an earlier run don't stay") {
    w.lines = JsonLine(Message("Ann", "only", 1));
    w.count = 1;
    const auto again = w.Pages("A thread");
    CHECK(again.contains("pages/aa-1.html"));
    CHECK_FALSE(again.contains("pages/aa-2.html"));
  }
}

TEST_CASE("A hostile message, title, sender or file name is text and nothing else") {
  const std::string evil =
      "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'><a href=javascript:1>\n<!--";
  Written plain, hostile;
  const auto fill = [](Written& w, const std::string& text) {
    Json message = Message(text, text, 1);
    message["expire_ms"] = 86'400'000;
    message["verified"] = false;
    message["attachments"] = {{{"name", text}, {"size_bytes", 5}, {"file", "attachments/" + text + ".jpg"}},
                              {{"name", text}, {"size_bytes", 5}, {"file", "attachments/" + text + ".html"}},
                              {{"name", text}, {"size_bytes", 5}, {"missing", true}},
                              {{"name", text}, {"size_bytes", 5}, {"refused", text}}};
    w.Add(message);
    return w.Pages(text);
  };
  const auto expected = fill(plain, "harmless");
  const auto got = fill(hostile, evil);
  for (const char* page : {"index.html", "pages/aa-1.html"}) {
    // Markup is the same, tag by tag.
    CHECK(TagsOf(got.at(page)) == TagsOf(expected.at(page)));
    CHECK(Times(got.at(page), "\"") == Times(expected.at(page), "\""));
    CHECK_THAT(got.at(page), !Contains("<script") && !Contains("<img") && !Contains("href=\"javascript"));
    CHECK_THAT(got.at(page), Contains("default-src 'none'; style-src 'sha256-"));
    CHECK_THAT(got.at(page), !Contains("http:") && !Contains("https:"));
  }
  const std::string& page = expected.at("pages/aa-1.html");
  CHECK(Times(page, "<a href=\"../attachments/") == 1);
  CHECK_THAT(page, Contains("in the folder as <bdi>attachments/harmless.html</bdi>"));
  CHECK_THAT(page, Contains("missing: the server has no copy") && Contains("refused: not the file that was sent"));
  CHECK_THAT(page, Contains("disappearing message: until 1970-01-02 00:00") && Contains("unverified"));
}

TEST_CASE("An empty history and lines that aren't the export's") {
  TempFolder folder;
  const auto out = OutputFolder::Open(folder / "out");
  REQUIRE(out.ok());
  CHECK(absl::IsFailedPrecondition(WriteHtmlPages(*out, folder / "out", absl::UTCTimeZone())));
  WriteFile(folder / "out/index.jsonl", "");
  REQUIRE(WriteHtmlPages(*out, folder / "out", absl::UTCTimeZone()).ok());
  CHECK_THAT(ReadTree(folder / "out").at("index.html"), Contains("0 messages in 0 conversations"));
  for (const char* line : {"[]\n", "{}\n", "{\"file\":\"threads/../x.jsonl\"}\n", "nonsense\n"}) {
    WriteFile(folder / "out/index.jsonl", line);
    CHECK(absl::IsFailedPrecondition(WriteHtmlPages(*out, folder / "out", absl::UTCTimeZone())));
  }
}

}  // namespace
}  // namespace labyrinth::client
