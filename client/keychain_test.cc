#include "client/keychain.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "client/keychain_codec.h"
#include "client/testing/temp_dir.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

constexpr char kServer[] = "labyrinth.test";
constexpr char kAccount[] = "alice";

Enrolment MakeEnrolment(uint64_t seed) {
  crypto::SeededRandom random(seed);
  auto secrets =
      crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, crypto::OrfClientState::Generate(random), random);
  REQUIRE(secrets.ok());
  KnownEpochs epochs;
  for (uint64_t i = 0; i < 3; ++i) {
    REQUIRE(epochs.Append({EpochId(100 + i), 4 + i, crypto::RandomSecret(32, random)}).ok());
  }
  return {.mailbox_id = *MailboxId::From(random.Bytes(16)),
          .device_id = DeviceId(42),
          .secrets = *std::move(secrets),
          .mailbox_root_salt = crypto::RandomSecret(32, random),
          .epochs = std::move(epochs),
          .log = {.length = 9, .head = *crypto::LogHead::From(random.Bytes(32))},
          .next_change_number = 4097,
          .fresh_epoch_required = true,
          .sponsor_log = crypto::LogPosition{.length = 8, .head = *crypto::LogHead::From(random.Bytes(32))},
          .last_write_ms = 1'800'000'000'000};
}

crypto::Secret Bytes(const std::string& text) { return crypto::Secret::CopyOf(text); }

std::unique_ptr<Keychain> OpenOk(const std::string& path) {
  auto keychain = Keychain::Open(path, kServer, kAccount);
  REQUIRE(keychain.ok());
  return *std::move(keychain);
}

absl::Status OpenError(const std::string& path) {
  auto keychain = Keychain::Open(path, kServer, kAccount);
  REQUIRE_FALSE(keychain.ok());
  return keychain.status();
}

bool Mentions(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Encoded(const KeychainState& state) { return std::string(EncodeKeychain(state).RevealSecret()); }

TEST_CASE("A new profile is closed to others") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  auto keychain = OpenOk(path);
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  REQUIRE(stat((path + "/keychain").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("Everything comes back as it was kept") {
  testing::TempDir dir;
  auto keychain = OpenOk(dir.path("p"));
  std::vector<PendingOperation> operations;
  operations.emplace_back(PendingCreateMailbox{Bytes("r1"), MakeEnrolment(2), Bytes(std::string(32, 'k'))});
  operations.emplace_back(PendingRegisterDevice{Bytes("r2"), MakeEnrolment(3)});
  operations.emplace_back(PendingOpenEpoch{Bytes("r3"), 7, Bytes(std::string(32, 'k')), {.length = 3, .head = {}}});
  operations.emplace_back(PendingRevokeDevice{Bytes("r4"), {.length = 4, .head = {}}});
  for (PendingOperation& operation : operations) {
    REQUIRE(keychain
                ->Update([&](KeychainState& state) {
                  state.enrolment = MakeEnrolment(1);
                  state.pending = std::move(operation);
                  state.pending_code = PendingRecoveryCode{Bytes("r5"), Bytes("CODE"), {.length = 5, .head = {}}};
                  state.one_time = {*crypto::EnrollmentId::From("enrolment's id.."), 2, {11, 12}, {13, 14, 15}};
                })
                .ok());
    const std::string kept = Encoded(keychain->state());
    keychain.reset();
    keychain = OpenOk(dir.path("p"));
    CHECK(Encoded(keychain->state()) == kept);
    REQUIRE(keychain->state().enrolment.has_value());
    CHECK(keychain->state().enrolment->device_id == DeviceId(42));
    CHECK(keychain->state().enrolment->epochs.newest().sequence_id == 6);
    CHECK(keychain->state().enrolment->fresh_epoch_required);
    CHECK(keychain->state().enrolment->last_write_ms == 1'800'000'000'000);
    CHECK(keychain->state().pending.has_value());
    CHECK(keychain->state().pending_code->code.RevealSecret() == "CODE");
    CHECK(keychain->state().enrolment->sponsor_log->length == 8);
    CHECK(keychain->state().one_time.enrollment_id->view() == "enrolment's id..");
    CHECK(keychain->state().one_time.guesses == 2);
    CHECK(keychain->state().one_time.guess_ms == std::vector<int64_t>{11, 12});
    CHECK(keychain->state().one_time.consent_ms == std::vector<int64_t>{13, 14, 15});
  }
}

TEST_CASE("A profile that others can reach is refused") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  OpenOk(path);
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    REQUIRE(chmod((path + "/keychain").c_str(), mode) == 0);
    CHECK(Mentions(OpenError(path), "open to other users"));
  }
  REQUIRE(chmod((path + "/keychain").c_str(), 0600) == 0);
  REQUIRE(chmod(path.c_str(), 0750) == 0);
  CHECK(Mentions(OpenError(path), "open to other users"));
  REQUIRE(chmod(path.c_str(), 0700) == 0);
  OpenOk(path);
}

TEST_CASE("Only a regular file is a keychain") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  OpenOk(path);
  fs::rename(path + "/keychain", path + "/elsewhere");
  fs::create_symlink(path + "/elsewhere", path + "/keychain");
  CHECK(Mentions(OpenError(path), "symbolic link"));
  fs::remove(path + "/keychain");
  REQUIRE(mkfifo((path + "/keychain").c_str(), 0600) == 0);
  CHECK(Mentions(OpenError(path), "regular file"));

  std::ofstream(dir.path("file")) << "x";
  CHECK(Mentions(OpenError(dir.path("file")), "not a directory"));
}

TEST_CASE("Two processes can't use one profile") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  auto keychain = OpenOk(path);
  CHECK(Mentions(OpenError(path), "in use"));
  const pid_t child = fork();
  if (child == 0) _exit(Keychain::Open(path, kServer, kAccount).ok() ? 1 : 0);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  keychain.reset();
  OpenOk(path);
}

TEST_CASE("The lock ends with its process, however that ends") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto keychain = Keychain::Open(path, kServer, kAccount);
    const char done = keychain.ok() ? 'y' : 'n';
    if (write(ready[1], &done, 1) != 1) _exit(1);
    pause();
  }
  char done = 0;
  REQUIRE(read(ready[0], &done, 1) == 1);
  REQUIRE(done == 'y');
  CHECK(Mentions(OpenError(path), "in use"));
  REQUIRE(kill(child, SIGKILL) == 0);
  int status;
  REQUIRE(waitpid(child, &status, 0) == child);
  OpenOk(path);
}

TEST_CASE("What a crash left behind is cleared away, and the last whole state stands") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  auto keychain = OpenOk(path);
  REQUIRE(keychain->Update([](KeychainState& state) { state.enrolment = MakeEnrolment(1); }).ok());
  const std::string kept = Encoded(keychain->state());
  keychain.reset();
  std::ofstream(path + "/keychain.tmp") << kept.substr(0, kept.size() / 2);
  keychain = OpenOk(path);
  CHECK(Encoded(keychain->state()) == kept);
  CHECK_FALSE(fs::exists(path + "/keychain.tmp"));
}

TEST_CASE("A write that fails changes nothing, in memory or on disk") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  auto keychain = OpenOk(path);
  const std::string before = Slurp(path + "/keychain");
  // A directory in the temporary file's place, which can't be unlinked.
  fs::create_directory(path + "/keychain.tmp");
  CHECK_FALSE(keychain->Update([](KeychainState& state) { state.enrolment = MakeEnrolment(1); }).ok());
  CHECK_FALSE(keychain->state().enrolment.has_value());
  CHECK(Slurp(path + "/keychain") == before);
  fs::remove(path + "/keychain.tmp");
  CHECK(keychain->Update([](KeychainState& state) { state.enrolment = MakeEnrolment(1); }).ok());
}

TEST_CASE("Damage is found, named, and left as it is") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  auto keychain = OpenOk(path);
  REQUIRE(keychain->Update([](KeychainState& state) { state.enrolment = MakeEnrolment(1); }).ok());
  keychain.reset();
  const std::string whole = Slurp(path + "/keychain");
  const auto write = [&](const std::string& content) {
    std::ofstream(path + "/keychain", std::ios::binary | std::ios::trunc) << content;
  };
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    write(flipped);
    CHECK(absl::IsFailedPrecondition(OpenError(path)));
    CHECK(Slurp(path + "/keychain") == flipped);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{30}, whole.size() - 1}) {
    write(whole.substr(0, size));
    CHECK(Mentions(OpenError(path), "damaged"));
  }
  write(whole);
  OpenOk(path);
}

TEST_CASE("A newer format, another account and another server are refused by name") {
  testing::TempDir dir;
  const std::string path = dir.path("p");
  OpenOk(path);
  CHECK(Mentions(Keychain::Open(path, kServer, "bob").status(), "another account"));
  CHECK(Mentions(Keychain::Open(path, "other", kAccount).status(), "another server"));
  std::string content = Slurp(path + "/keychain");
  content.replace(content.find('1'), 1, "2");
  std::ofstream(path + "/keychain", std::ios::binary | std::ios::trunc) << content;
  CHECK(Mentions(OpenError(path), "newer"));
}

TEST_CASE("Keys that don't belong together are damage") {
  KeychainState state;
  state.server_name = kServer;
  state.account_id = kAccount;
  state.enrolment = MakeEnrolment(1);
  REQUIRE(DecodeKeychain(EncodeKeychain(state)).ok());
  state.enrolment->secrets.public_keys.sig_30 = MakeEnrolment(2).secrets.public_keys.sig_30;
  CHECK(absl::IsFailedPrecondition(DecodeKeychain(EncodeKeychain(state)).status()));
}

}  // namespace
}  // namespace labyrinth::client
