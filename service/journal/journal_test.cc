// The journal of revocations: its bytes, when entries are written, and what a start makes of them.
#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "service/journal/file_journal.h"
#include "service/journal/journal_codec.h"
#include "service/journal/journal_start.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::journal {
namespace {

namespace fs = std::filesystem;
namespace keys = storage::keys;
using mailbox::Revocation;
using mailbox::testing::MakePhysical;
using mailbox::testing::MakeVirtual;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;
using storage::CommitFault;

std::string FreshPath(const std::string& name) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::string path = std::string(root != nullptr ? root : "/tmp") + "/" + name + ".journal";
  fs::remove(path);
  return path;
}

std::string BytesOf(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
void Write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

Revocation Removal(char of, int devices = 1) {
  Revocation revocation{
      .partition = std::string(32, of), .mailbox_id = std::string(16, of), .devices = {}, .time_ms = 5};
  for (int i = 0; i < devices; ++i) {
    revocation.devices.push_back({DeviceId(100 + i), std::string(32, static_cast<char>(of + i + 1))});
  }
  return revocation;
}

const JournalId kId = *JournalId::From(std::string(16, 'j'));
const ManualClock kClock(77);

std::unique_ptr<FileJournal> MustOpen(const std::string& path, uint64_t generation = 3) {
  auto journal = FileJournal::Open(path, generation, kClock);
  INFO(journal.status().ToString());
  REQUIRE(journal.ok());
  return *std::move(journal);
}

TEST_CASE("entries come back as they were written, voided ones don't count") {
  const std::string path = FreshPath("roundtrip");
  REQUIRE(FileJournal::Create(path, kId).ok());
  {
    const auto journal = MustOpen(path);
    CHECK(*journal->Append(Removal('a', 3)) == 1);
    CHECK(*journal->Append(Removal('b', 0)) == 2);
    CHECK(*journal->Append(Removal('c')) == 3);
    journal->Void(3);
    CHECK(journal->NoteChecked(3).ok());
    CHECK(journal->durable_bytes() == fs::file_size(path));
    CHECK(absl::IsFailedPrecondition(FileJournal::Open(path, 3, kClock).status()));  // one process
  }
  CHECK(*MustOpen(path, 9)->Append(Removal('d')) == 6);
  const auto content = ReadJournal(path);
  REQUIRE(content.ok());
  CHECK(content->id == kId);
  CHECK(content->Revocations() == std::vector<Revocation>{Removal('a', 3), Removal('b', 0), Removal('d')});
  CHECK(content->HighestGeneration() == 9);
  CHECK_FALSE(content->torn);
  CHECK(absl::IsFailedPrecondition(FileJournal::Create(path, kId)));
  CHECK((fs::status(path).permissions() & fs::perms::others_all) == fs::perms::none);
}

TEST_CASE("a tail cut at any byte is dropped, and nothing before it") {
  const std::string path = FreshPath("torn");
  REQUIRE(FileJournal::Create(path, kId).ok());
  {
    const auto journal = MustOpen(path);
    REQUIRE(journal->Append(Removal('a')).ok());
    REQUIRE(journal->Append(Removal('b')).ok());
  }
  const std::string whole = BytesOf(path);
  const std::size_t entry =
      EncodeJournalEntry(
          {.number = 1, .kind = JournalEntry::Kind::kRevoke, .generation = 3, .revocation = Removal('a')})
          .size();
  const std::size_t second = whole.size() - entry;
  for (std::size_t size = second; size < whole.size(); ++size) {
    for (const std::string& tail : {std::string(), std::string(7, '\0')}) {
      Write(path, whole.substr(0, size) + tail);
      const auto journal = MustOpen(path);
      REQUIRE(journal->found().Revocations() == std::vector<Revocation>{Removal('a')});
      REQUIRE(fs::file_size(path) == second);
      REQUIRE(*journal->Append(Removal('c')) == 2);
    }
  }
  CHECK(ReadJournal(path)->Revocations() == std::vector<Revocation>{Removal('a'), Removal('c')});
}

TEST_CASE("damage before the last entry is refused at every byte, and named") {
  const std::string path = FreshPath("damaged");
  REQUIRE(FileJournal::Create(path, kId).ok());
  {
    const auto journal = MustOpen(path);
    for (const char of : {'a', 'b', 'c'}) REQUIRE(journal->Append(Removal(of)).ok());
  }
  const std::string whole = BytesOf(path);
  const std::size_t last = whole.size() - (whole.size() - EncodeJournalHeader(kId).size()) / 3;
  for (std::size_t at = 0; at < last; ++at) {
    std::string bytes = whole;
    bytes[at] ^= 0x04;
    Write(path, bytes);
    const auto opened = FileJournal::Open(path, 3, kClock);
    INFO(at);
    REQUIRE_FALSE(opened.ok());
    REQUIRE(std::string(opened.status().message()).find(path) == 0);
    REQUIRE(BytesOf(path) == bytes);
  }
  const std::size_t header = EncodeJournalHeader(kId).size(), entry = (whole.size() - header) / 3;
  Write(path, whole.substr(0, header) + whole.substr(header + entry));  // an entry cut out
  CHECK(absl::IsDataLoss(FileJournal::Open(path, 3, kClock).status()));
  Write(path, "labyrinth-revocations 2\n" + whole.substr(24));
  CHECK(absl::IsFailedPrecondition(FileJournal::Open(path, 3, kClock).status()));
}

TEST_CASE("a disk that refuses a write stops the journal until it is opened anew") {
  const std::string path = FreshPath("full");
  REQUIRE(FileJournal::Create(path, kId).ok());
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  {
    const auto journal = MustOpen(path);
    REQUIRE(journal->Append(Removal('a')).ok());
    const rlimit little{fs::file_size(path) + 10, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &little) == 0);
    const auto refused = journal->Append(Removal('b'));
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK(absl::IsUnavailable(refused.status()));
    CHECK_FALSE(journal->Append(Removal('c')).ok());  // there is room again, but nobody knows what the disk holds
    CHECK_FALSE(journal->Health().ok());
  }
  const auto journal = MustOpen(path);
  CHECK(journal->found().Revocations() == std::vector<Revocation>{Removal('a')});
  CHECK(journal->Append(Removal('d')).ok());
}

// Notes what it is told, and looks at the store at that moment.
class Witness final : public mailbox::RevocationJournal {
 public:
  absl::StatusOr<uint64_t> Append(const Revocation& revocation) override {
    if (on_append) on_append();
    if (!status.ok()) return status;
    entries.push_back(revocation);
    return entries.size();
  }
  void Void(uint64_t number) override { voided.push_back(number); }

  absl::Status status;
  std::function<void()> on_append;
  std::vector<Revocation> entries;
  std::vector<uint64_t> voided;
};

struct Fixture {
  Fixture() : mailbox(server), code(MakeVirtual(server.random())), other(MakePhysical(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
    other = mailbox.AddDevice(code);
    server.RestartWithJournal(&witness);
  }
  TestDevice& me() { return mailbox.first(); }
  bool Revoked(DeviceId id) {
    return server.Find<storage_v1::DeviceRecord>(mailbox.partition(), keys::Device(id)).value().revoked();
  }

  Witness witness;
  TestServer server;
  TestMailbox mailbox;
  TestDevice code, other;
};

TEST_CASE("every way to remove a device is in the journal before it is in the store") {
  Fixture f;
  std::vector<bool> was_revoked;
  f.witness.on_append = [&] { was_revoked.push_back(f.Revoked(f.other.id)); };
  const int way = GENERATE(0, 1, 2);
  if (way == 0) f.mailbox.Revoke(f.me(), f.other.id);
  if (way == 1) f.mailbox.CutOff(f.other.id);
  if (way == 2) f.mailbox.Rotate(f.me(), {f.other.id, f.code.id});
  CHECK(f.Revoked(f.other.id));
  CHECK(was_revoked == std::vector<bool>{false});
  REQUIRE(f.witness.entries.size() == 1);
  const Revocation& entry = f.witness.entries[0];
  CHECK(entry.partition == f.mailbox.partition());
  CHECK(entry.mailbox_id == f.mailbox.Head().mailbox_id());
  CHECK(entry.devices.size() == (way == 2 ? 2u : 1u));
  CHECK(entry.devices[0] == mailbox::RevokedDevice{f.other.id, f.other.keys.device_key.str()});
  CHECK(f.witness.voided.empty());
  // What takes nobody away isn't in it.
  if (way != 2) f.mailbox.Rotate(f.me());
  f.mailbox.MustSave(f.me(), {mailbox::testing::MakeMessage("m", "t", 1)});
  CHECK(f.witness.entries.size() == 1);
}

TEST_CASE("a deleted mailbox is in the journal, by its id") {
  Fixture f;
  const std::string id = f.mailbox.Head().mailbox_id();
  REQUIRE(f.server.Do(f.mailbox.DeleteRequest(f.me())).ok());
  REQUIRE(f.witness.entries.size() == 1);
  CHECK(f.witness.entries[0].mailbox_id == id);
  CHECK(f.witness.entries[0].devices.empty());
}

TEST_CASE("no removal is acknowledged, or made, that the journal refused") {
  Fixture f;
  f.witness.status = absl::UnavailableError("planted");
  f.mailbox.MustRefuse(f.mailbox.RevokeRequest(f.me(), f.other.id), Reason::kEngineUnavailable);
  f.mailbox.MustRefuse(f.mailbox.OpenRequest(f.me(), {f.other.id}), Reason::kEngineUnavailable);
  CHECK_FALSE(f.Revoked(f.other.id));
  f.mailbox.MustSave(f.me(), {mailbox::testing::MakeMessage("m", "t", 1)});  // the rest goes on
  f.witness.status = absl::OkStatus();
  f.mailbox.Revoke(f.me(), f.other.id);
}

TEST_CASE("an entry whose commit certainly failed is voided; one of unknown outcome stays") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kFail});
  CHECK_FALSE(f.server.Do(f.mailbox.RevokeRequest(f.me(), f.other.id)).ok());
  CHECK(f.witness.voided == std::vector<uint64_t>{1});
  // Lost to another commit, and then decided to be void: the device had gone meanwhile.
  f.witness.on_append = [&] {
    f.witness.on_append = nullptr;
    f.server.Overwrite(f.mailbox.partition(), {{"\xf0", "another node's"}});
  };
  f.mailbox.CutOff(f.other.id);
  CHECK(f.witness.entries.size() == 3);
  CHECK(f.witness.voided == std::vector<uint64_t>{1, 2});
  f.server.Overwrite(f.mailbox.partition(), {{"\xf0", std::nullopt}});
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied});
  f.mailbox.CutOff(f.code.id);
  CHECK(f.witness.voided == std::vector<uint64_t>{1, 2});
}

// A store with its identity and journal, and a process that may end at any moment.
struct StartFixture : Fixture {
  absl::StatusOr<std::unique_ptr<FileJournal>> Start(bool begin = false) {
    return StartJournal(server.store(), path, begin, 3, kClock, server.random());
  }
  std::string Refusal(bool begin = false) {
    const auto started = Start(begin);
    REQUIRE(absl::IsFailedPrecondition(started.status()));
    const std::string text(started.status().message());
    CHECK(text.find(path) == 0);
    CHECK(text.find('\n') == std::string::npos);
    return text;
  }
  const std::string path = FreshPath("start");
};

TEST_CASE("a store begins a journal, keeps to it, and takes no other") {
  StartFixture f;
  const JournalId first = (*f.Start())->id();
  {
    auto again = f.Start();
    REQUIRE(again.ok());
    CHECK((*again)->id() == first);
    REQUIRE((*again)->Append(Removal('x')).ok());
  }
  const std::string bytes = BytesOf(f.path);
  fs::remove(f.path);
  CHECK(f.Refusal().find("missing") != std::string::npos);
  REQUIRE(FileJournal::Create(f.path, kId).ok());
  CHECK(f.Refusal().find("another store") != std::string::npos);
  CHECK(f.Refusal(/*begin=*/true).find("--begin-journal") != std::string::npos);
  fs::remove(f.path);
  CHECK((*f.Start(/*begin=*/true))->id() != first);
  CHECK(f.Start().ok());
  // A new store takes no journal that has somebody's removals.
  Write(f.path, bytes);
  REQUIRE(ForgetJournal(f.server.store()).ok());
  CHECK(f.Refusal().find("another store") != std::string::npos);
  CHECK(absl::IsFailedPrecondition(CheckJournalOf(f.server.store(), first)));
}

TEST_CASE("a start voids what the end of the process kept from being committed, and nothing else") {
  StartFixture f;
  const bool committed = GENERATE(false, true);
  {
    auto journal = f.Start();
    REQUIRE(journal.ok());
    f.server.RestartWithJournal(journal->get());
    f.mailbox.CutOff(f.code.id);
    // The process ends behind the entry, before or after the commit.
    const Revocation about{.partition = f.mailbox.partition(),
                           .mailbox_id = f.mailbox.Head().mailbox_id(),
                           .devices = {{f.other.id, f.other.keys.device_key.str()}},
                           .time_ms = 1};
    if (committed) {
      f.mailbox.CutOff(f.other.id);
    } else {
      REQUIRE((*journal)->Append(about).ok());
    }
    f.server.RestartWithJournal(nullptr);
  }
  REQUIRE(f.Start().ok());
  const auto content = ReadJournal(f.path);
  REQUIRE(content.ok());
  const std::size_t expected = committed ? 2 : 1;
  CHECK(content->Revocations().size() == expected);
  CHECK(content->entries.back().kind == JournalEntry::Kind::kChecked);
  // What was compared once isn't looked at again.
  const auto size = fs::file_size(f.path);
  REQUIRE(f.Start().ok());
  CHECK(fs::file_size(f.path) == size);
}

}  // namespace
}  // namespace labyrinth::journal
