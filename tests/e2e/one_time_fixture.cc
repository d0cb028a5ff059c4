#include "tests/e2e/one_time_fixture.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/synchronization/notification.h"
#include "client/keychain_codec.h"
#include "service/config/server_config.h"

namespace labyrinth::e2e {
namespace {

// Tests can't go on without these.
void Require(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, std::string(status.message()).c_str());
  std::abort();
}

std::string OneOff(std::string code) {
  char& last = code.back();
  last = last == '9' ? '0' : static_cast<char>(last + 1);
  return code;
}

}  // namespace

TappedDevice::TappedDevice(TestServer& server, uint64_t seed, const std::string& account)
    : server_(server), account_(account), random_(seed) {
  Open();
}

void TappedDevice::Open() {
  client_.reset();
  tap_ = std::make_unique<Tap>();
  client::ClientOptions options;
  options.server_name = std::string(service::kDevServerName);
  options.account_id = account_;
  options.use_dev_issuer = true;
  options.clock = &server_.clock;
  options.random = &random_;
  options.sleeper = &sleeper_;
  options.channel = TappedChannel(server_.endpoint(), *tap_);
  auto client = client::LabyrinthClient::Open(profile(), options);
  Require(client.status(), "LabyrinthClient::Open");
  client_ = *std::move(client);
}

void TappedDevice::Kill() {
  if (tap_->cut()) return;
  namespace fs = std::filesystem;
  const std::string next = dir_.path("profile" + std::to_string(lives_ + 1));
  std::error_code error;
  do {  // until no file was replaced in the middle of it
    fs::remove_all(next);
    fs::copy(profile(), next, fs::copy_options::recursive, error);
  } while (error);
  fs::permissions(next, fs::perms::owner_all);
  killed_ = true;
  tap_->Cut();
}

void TappedDevice::Restart() {
  client_.reset();
  if (killed_) ++lives_;
  killed_ = false;
  Open();
}

client::KeychainState TappedDevice::Kept() const {
  std::ifstream file(profile() + "/keychain", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  auto state = client::DecodeKeychain(crypto::Secret::CopyOf(bytes));
  Require(state.status(), "DecodeKeychain");
  return *std::move(state);
}

void Board::Show(std::string code) {
  const absl::MutexLock lock(&mutex_);
  code_ = std::move(code);
}

std::string Board::Code() {
  const absl::MutexLock lock(&mutex_);
  const auto there = [](std::string* code) { return !code->empty(); };
  mutex_.AwaitWithTimeout(absl::Condition(+there, &code_), patience);
  return code_.empty() ? "000000" : code_;
}

void Board::ShowKey(std::string key) {
  const absl::MutexLock lock(&mutex_);
  key_ = std::move(key);
}

bool Board::ShowsKey(const std::string& key) {
  const absl::MutexLock lock(&mutex_);
  const auto shown = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return key_ == key; };
  return mutex_.AwaitWithTimeout(absl::Condition(&shown), patience);
}

bool MemberScreen::Consent(const client::JoinRequest& request, int left) {
  board.Show("");  // of an earlier enrolment
  fingerprints.push_back(request.fingerprint);
  codes_left.push_back(left);
  if (compares && !board.ShowsKey(request.fingerprint)) return false;
  return consents;
}

void MemberScreen::ShowCode(const client::JoinRequest&, const crypto::Secret& code, int64_t) {
  ++shown;
  board.Show(std::string(code.RevealSecret()));
  if (on_shown) on_shown();
}

void JoinScreen::Waiting(const client::JoinRequest& request) {
  fingerprint = request.fingerprint;
  if (!dead || !dead()) board.ShowKey(request.fingerprint);
  if (on_waiting) on_waiting();
}

absl::StatusOr<crypto::Secret> JoinScreen::TypeCode(const client::CodeQuestion& question) {
  const std::string word = asked.size() < script.size() ? script[asked.size()] : "right";
  asked.push_back(question);
  if (on_asked) on_asked();
  if (word != "right" && word != "wrong") return crypto::Secret::CopyOf(word);
  const std::string code = board.Code();
  return crypto::Secret::CopyOf(word == "right" ? code : OneOff(code));
}

OneTimePair::OneTimePair(TestServer& server, uint64_t seed, const std::string& account)
    : server(server), laptop(server, seed, account), phone(server, seed + 1, account) {
  Require(laptop->mailbox().Create(), "Mailbox::Create");
}

OneTimePair::Ends OneTimePair::Meet() {
  // Each side's error reaches the other within this time, if it does.
  constexpr absl::Duration kGrace = absl::Seconds(3);
  Ends ends;
  absl::Notification approved, joined;
  std::thread other([&] {
    ends.approved = laptop->one_time_codes().Approve(member);
    approved.Notify();
    if (!ends.approved.ok() && !joined.WaitForNotificationWithTimeout(kGrace)) joiner.stop = true;
  });
  ends.joined = phone->one_time_codes().Join(joiner);
  joined.Notify();
  if (!ends.joined.ok() && !approved.WaitForNotificationWithTimeout(kGrace)) member.stop = true;
  other.join();
  member.stop = joiner.stop = false;
  return ends;
}

}  // namespace labyrinth::e2e
