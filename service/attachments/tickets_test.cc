#include "service/attachments/tickets.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "storage/engine.h"

namespace labyrinth::attachments {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

struct Fixture {
  crypto::SeededRandom random{5};
  ManualClock clock{kNowMs};
  Tickets tickets{crypto::Secret::CopyOf(std::string(32, 'k')), 3, clock, random};

  Tickets Other(char key, uint64_t generation) {
    return Tickets(crypto::Secret::CopyOf(std::string(32, key)), generation, clock, random);
  }
  UploadTicket Upload() { return {*storage::AttachmentBlob::From(random.Bytes(32)), 12345, kNowMs + 1000}; }
  DownloadTicket Download() {
    return {*storage::AttachmentBlob::From(random.Bytes(32)), 12345, kNowMs + 1000,
            mailbox::Caller{random.Bytes(32), 2, DeviceId(77)}};
  }
};

template <typename Result>
bool Refused(const absl::StatusOr<Result>& result) {
  return ReasonOf(result.status()) == Reason::kTicketExpired;
}

TEST_CASE("a ticket says what was sealed, and shows nothing of it") {
  Fixture f;
  const UploadTicket upload = f.Upload();
  const std::string sealed = *f.tickets.Seal(upload);
  CHECK(sealed.size() <= limits::kAttachmentTicketBytes);
  CHECK(sealed.find(upload.blob.view()) == std::string::npos);
  const auto opened = f.tickets.OpenUpload(sealed);
  REQUIRE(opened.ok());
  CHECK(opened->blob == upload.blob);
  CHECK(opened->size_bytes == 12345);
  CHECK(opened->deadline_ms == kNowMs + 1000);

  const DownloadTicket download = f.Download();
  const std::string sealed_download = *f.tickets.Seal(download);
  CHECK(sealed_download.size() <= limits::kAttachmentTicketBytes);
  const auto device = f.tickets.OpenDownload(sealed_download);
  REQUIRE(device.ok());
  CHECK(device->blob == download.blob);
  CHECK(device->device.partition == download.device.partition);
  CHECK(device->device.incarnation == 2);
  CHECK(device->device.device_id == DeviceId(77));
}

TEST_CASE("the longest ticket is within the limit") {
  Fixture f;
  DownloadTicket ticket = f.Download();
  ticket.device.partition = std::string(storage::kMaxPartitionNameBytes, 'p');
  const std::string sealed = *f.tickets.Seal(ticket);
  CHECK(sealed.size() <= limits::kAttachmentTicketBytes);
  CHECK(f.tickets.OpenDownload(sealed).ok());
}

TEST_CASE("two tickets of one upload have nothing in common") {
  Fixture f;
  const UploadTicket upload = f.Upload();
  CHECK(*f.tickets.Seal(upload) != *f.tickets.Seal(upload));
}

TEST_CASE("a ticket ends at its deadline") {
  Fixture f;
  const std::string upload = *f.tickets.Seal(f.Upload()), download = *f.tickets.Seal(f.Download());
  f.clock.Advance(999);
  CHECK(f.tickets.OpenUpload(upload).ok());
  CHECK(f.tickets.OpenDownload(download).ok());
  f.clock.Advance(1);
  CHECK(Refused(f.tickets.OpenUpload(upload)));
  CHECK(Refused(f.tickets.OpenDownload(download)));
}

TEST_CASE("one kind of ticket doesn't pass for the other") {
  Fixture f;
  CHECK(Refused(f.tickets.OpenDownload(*f.tickets.Seal(f.Upload()))));
  CHECK(Refused(f.tickets.OpenUpload(*f.tickets.Seal(f.Download()))));
}

TEST_CASE("another server's tickets, and those from before a restore, are refused") {
  Fixture f;
  const std::string upload = *f.tickets.Seal(f.Upload()), download = *f.tickets.Seal(f.Download());
  CHECK(f.Other('k', 3).OpenUpload(upload).ok());
  for (const auto& [key, generation] : {std::pair{'x', 3}, std::pair{'k', 4}}) {
    const Tickets other = f.Other(key, generation);
    CHECK(Refused(other.OpenUpload(upload)));
    CHECK(Refused(other.OpenDownload(download)));
  }
}

TEST_CASE("whatever bit of a ticket is changed, it is refused") {
  Fixture f;
  const std::string upload = *f.tickets.Seal(f.Upload()), download = *f.tickets.Seal(f.Download());
  for (std::size_t i = 0; i < upload.size(); ++i) {
    std::string forged = upload;
    forged[i] = static_cast<char>(forged[i] ^ (1 << i % 8));
    REQUIRE(Refused(f.tickets.OpenUpload(forged)));
  }
  for (std::size_t i = 0; i < download.size(); ++i) {
    std::string forged = download;
    forged[i] = static_cast<char>(forged[i] ^ (1 << i % 8));
    REQUIRE(Refused(f.tickets.OpenDownload(forged)));
  }
  CHECK(Refused(f.tickets.OpenUpload("")));
  CHECK(Refused(f.tickets.OpenUpload(upload.substr(1))));
  CHECK(Refused(f.tickets.OpenUpload(upload + "x")));
  CHECK(Refused(f.tickets.OpenDownload(std::string(1 << 20, 'x'))));
}

}  // namespace
}  // namespace labyrinth::attachments
