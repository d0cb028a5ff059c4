// Lies about which rows there are: pages, order, counters (protocol section 6).
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

using client::Tampering;

void SaveThree(Scene& scene) {
  for (const char* id : {"m1", "m2", "m3"}) scene.Save(scene.laptop(), "t", id, "text");
}

Verdict Listed(Scene& scene, void (*change)(v1::ListMessagesResponse& reply), client::MessageQuery query = {}) {
  SaveThree(scene);
  scene.Tell<v1::ListMessagesResponse>(change);
  return scene.Read(scene.laptop(), std::move(query));
}

Verdict Duplicated(Scene& scene) {
  return Listed(scene, [](auto& reply) { *reply.add_messages() = v1::Message(*reply.messages().rbegin()); });
}
Verdict OutOfOrder(Scene& scene) {
  return Listed(scene, [](auto& reply) { reply.mutable_messages()->SwapElements(0, 1); });
}

// The server answers another question than it was asked.
Verdict OutsideOfRange(Scene& scene) {
  SaveThree(scene);
  scene.Ask<v1::ListMessagesRequest>([](auto& request) { request.set_start_ms(0); });
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) { reply.clear_as_of(); });
  return scene.Read(scene.laptop(), {.start_ms = e2e::kStartMs + '2'});
}
Verdict OutsideOfThread(Scene& scene) {
  SaveThree(scene);
  scene.Save(scene.laptop(), "u", "m4", "elsewhere");
  scene.Ask<v1::ListMessagesRequest>([](auto& request) { request.set_thread_id("u"); });
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) { reply.clear_as_of(); });
  return scene.Read(scene.laptop(), {.thread_id = "t"});
}

Verdict Unasked(Scene& scene) {
  SaveThree(scene);
  (void)scene.Read(scene.laptop());
  const v1::Message other = scene.Heard<v1::ListMessagesResponse>().back().messages(0);
  scene.Tell<v1::BatchGetMessagesResponse>([other](auto& reply) { *reply.add_messages() = other; });
  const auto got = scene.laptop()->history().GetMessages(std::vector<std::string>{"m1"});
  if (!got.ok()) return Said(got);
  for (const client::HistoryMessage& message : got->messages) {
    if (const Verdict verdict = Said(message); verdict.detected()) return verdict;
  }
  return NotDetected();
}

Verdict ThreadTwice(Scene& scene) {
  SaveThree(scene);
  scene.Tell<v1::ListThreadsResponse>(
      [](auto& reply) { *reply.add_newest_messages() = v1::Message(reply.newest_messages(0)); });
  auto reader = scene.laptop()->history().ListThreads();
  const auto page = reader.NextPage();
  return page.ok() ? Said(page->back()) : Said(page);
}

// The server gives its first page again and again, as any server could.
Verdict EndlessPages(Scene& scene) {
  scene.Ask<v1::ListMessagesRequest>([](auto& request) { request.clear_page_token(); });
  scene.Tell<v1::ListMessagesResponse>([n = std::make_shared<int>(0)](v1::ListMessagesResponse& reply) {
    reply.set_next_page_token("page " + std::to_string(++*n));
  });
  return scene.Read(scene.laptop());
}
Verdict RepeatedToken(Scene& scene) {
  scene.Save(scene.laptop(), "t", "m1", "text");
  scene.Ask<v1::ListMessagesRequest>([](auto& request) { request.clear_page_token(); });
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) { reply.set_next_page_token("again"); });
  auto reader = scene.laptop()->history().ListMessages({});
  for (int pages = 0; pages < 3 && !reader.done(); ++pages) {
    if (const auto page = reader.NextPage(); !page.ok()) return Said(page);
  }
  return NotDetected();
}
Verdict RepeatedTokenOfLog(Scene& scene) {
  scene.Ask<v1::ListLogRequest>([](auto& request) { request.clear_page_token(); });
  scene.Tell<v1::ListLogResponse>([](auto& reply) {
    reply.clear_log_entries();
    reply.set_next_page_token("again");
  });
  scene.laptop().Restart();
  return Said(scene.laptop()->devices().List());
}
Verdict HugeToken(Scene& scene) {
  return Listed(scene, [](auto& reply) { reply.set_next_page_token(std::string(1 << 20, 'x')); });
}

Verdict LeftOutBeforeCount(Scene& scene) {
  SaveThree(scene);
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) { reply.mutable_messages()->DeleteSubrange(1, 1); });
  return Said(scene.laptop()->Verify());
}
Verdict LeftOut(Scene& scene) {
  SaveThree(scene);
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) { reply.mutable_messages()->DeleteSubrange(1, 1); });
  scene.Tell<v1::GetMailboxResponse>([](auto& reply) { reply.set_message_count(reply.message_count() - 1); });
  return Said(scene.laptop()->Verify());
}
Verdict OtherMailbox(Scene& scene) {
  scene.Tell<v1::GetMailboxResponse>([](auto& reply) { reply.mutable_mailbox_id()->front() ^= 1; });
  return Said(scene.laptop()->mailbox().Info());
}
Verdict WrongOutcomes(Scene& scene) {
  scene.Tell<v1::SaveMessagesResponse>([](auto& reply) { reply.clear_results(); });
  return Said(
      scene.laptop()->history().Save({{.thread_id = "t", .message_id = "m", .timestamp_ms = 1, .content = "x"}}));
}

}  // namespace

std::vector<Case> WalkCases() {
  const Verdict outside = Row(Tampering::kOutsideOfQuery);
  return {
      {"duplicated row", "shows a message twice", Row(Tampering::kDuplicate), "", Duplicated},
      {"row out of order", "swaps two rows", Row(Tampering::kOutOfOrder), "", OutOfOrder},
      {"row outside of the range", "answers for another range of time", outside, "", OutsideOfRange},
      {"row of another thread", "answers for another thread", outside, "", OutsideOfThread},
      {"row that nobody asked for", "adds a message to those asked for by id", outside, "", Unasked},
      {"thread twice", "lists a thread twice", Row(Tampering::kDuplicate), "", ThreadTwice},
      {"page walk without end", "gives a new page token for ever",
       DataLoss("paging: the server sends empty pages without end"), "", EndlessPages},
      {"repeated page token", "gives the same page token again",
       DataLoss("paging: the server gave the same page token twice"), "", RepeatedToken},
      {"repeated page token of the log", "the same in the membership log",
       DataLoss("paging: the server gave the same page token twice"), "", RepeatedTokenOfLog},
      {"oversized page token", "gives a page token of a megabyte",
       DataLoss("paging: the server's page token is oversized"), "", HugeToken},
      {"another mailbox", "answers with another mailbox's id", DataLoss("the server answers for another mailbox"), "",
       OtherMailbox},
      {"outcomes of a save", "acknowledges a save without saying what came of it",
       DataLoss("save: the server's answer has not one outcome a message"), "", WrongOutcomes},
      {"row left out but counted", "leaves a message out, but not of its counter",
       Finding("the walk found 2 messages, the server counts 3"), "", LeftOutBeforeCount},
      {"row left out", "leaves a message out, and lowers its counter", NotDetected(),
       "nothing says what there should be; writers' signed sums over what they saved are planned", LeftOut},
  };
}

}  // namespace labyrinth::malicious
