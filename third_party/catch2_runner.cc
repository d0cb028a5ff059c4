// How every Catch2 test is run: Catch2's own report on the console for people and, where Bazel names a file for it,
// the same cases as JUnit XML, so that a run is counted in cases instead of binaries.

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "third_party/catch2_runner.h"

namespace {

// `text` as the value of an XML attribute. Control characters can't stand in XML 1.0 at all and become '?'.
std::string EscapeXml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return escaped;
}

// Collects the cases as they end and writes them when the run ends. Catch2 ends the run in order also after a fatal
// signal; a process that dies otherwise leaves no file, and Bazel then writes one that says so.
class JunitListener : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    TestEventListenerBase::testCaseStarting(info);
    case_start_ = std::chrono::steady_clock::now();
    first_failure_.clear();
  }

  bool assertionEnded(const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& result = stats.assertionResult;
    if (!result.isOk() && first_failure_.empty()) {
      std::ostringstream where;
      where << result.getSourceInfo() << ": " << result.getExpressionInMacro();
      first_failure_ = where.str();
    }
    return TestEventListenerBase::assertionEnded(stats);
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - case_start_;
    cases_ << "    <testcase name=\"" << EscapeXml(stats.testInfo.name) << "\" classname=\"catch2\" time=\""
           << elapsed.count() << '"';
    if (stats.totals.assertions.failed > 0) {
      ++failed_count_;
      cases_ << "><failure message=\"" << EscapeXml(first_failure_) << "\"/></testcase>\n";
    } else {
      cases_ << "/>\n";
    }
    ++case_count_;
    TestEventListenerBase::testCaseEnded(stats);
  }

  void testRunEnded(const Catch::TestRunStats& stats) override {
    if (const char* path = std::getenv("XML_OUTPUT_FILE"); path != nullptr) {
      std::ofstream(path) << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\""
                          << EscapeXml(stats.runInfo.name) << "\" tests=\"" << case_count_ << "\" failures=\""
                          << failed_count_ << "\" errors=\"0\">\n"
                          << cases_.str() << "  </testsuite>\n</testsuites>\n";
    }
    TestEventListenerBase::testRunEnded(stats);
  }

 private:
  std::chrono::steady_clock::time_point case_start_;
  std::string first_failure_;
  std::ostringstream cases_;
  int case_count_ = 0;
  int failed_count_ = 0;
};

CATCH_REGISTER_LISTENER(JunitListener)

}  // namespace

int RunCatch2(int argc, char** argv) {
  Catch::Session session;
  // A binary without a case, and a case without an assertion, fail: neither could ever report a fault.
  auto& config = session.configData();
  config.warnings = static_cast<Catch::WarnAbout::What>(Catch::WarnAbout::NoTests | Catch::WarnAbout::NoAssertions);
  if (const int usage_error = session.applyCommandLine(argc, argv); usage_error != 0) return usage_error;
  return session.run();
}
