// Responses that are messages for the most part, written straight into gRPC's buffers.
#ifndef LABYRINTH_SERVICE_CONVERTERS_MESSAGE_WRITER_H_
#define LABYRINTH_SERVICE_CONVERTERS_MESSAGE_WRITER_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <vector>

#include "service/mailbox/download_reader.h"
#include "service/mailbox/history_reader.h"
#include "service/mailbox/message_view.h"

namespace labyrinth::service {

// Each makes the bytes of a response, in which every ciphertext is copied once.
grpc::ByteBuffer WritePage(const mailbox::MessagePage& page, uint64_t generation);     // ListMessagesResponse
grpc::ByteBuffer WriteThreads(const mailbox::MessagePage& page, uint64_t generation);  // ListThreadsResponse
grpc::ByteBuffer WriteFound(mailbox::MessagesById&& found);                            // BatchGetMessagesResponse
grpc::ByteBuffer WritePart(const mailbox::DownloadPart& part, uint64_t generation);    // DownloadHistoryResponse

// Of ciphertext in them.
uint64_t CiphertextBytes(const std::vector<mailbox::MessageView>& messages);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONVERTERS_MESSAGE_WRITER_H_
