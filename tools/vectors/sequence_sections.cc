#include <optional>

#include "crypto/statements/epoch_sequence.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {

void RunBase64SequenceIds(Section& section) {
  section.ForEach("", [](Fields& f) {
    const uint64_t sequence = f.Decimal("seq");
    f.ExpectText("seq", crypto::Decimal(sequence));
    f.ExpectText("base64", crypto::SequenceBase64(sequence));
    f.Check(crypto::ParseSequenceBase64(f.Text("base64")) == sequence, "base64: isn't read back");
  });
}

// What a decrypted encryptedPreviousEpochSequenceID may be.
void RunPreviousSequenceId(Section& section) {
  section.ForEachText("accept", [](const std::string& text, Outcome& outcome) {
    const std::optional<uint64_t> sequence = crypto::ParseSequence(text);
    if (!sequence.has_value()) return outcome.Fail("refused");
    if (crypto::Decimal(*sequence) != text) outcome.Fail("read as another number");
  });
  section.ForEachText("reject", [](const std::string& text, Outcome& outcome) {
    if (crypto::ParseSequence(text).has_value()) outcome.Fail("accepted");
  });
}

}  // namespace labyrinth::vectors
