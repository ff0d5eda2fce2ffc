// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_RESULT_SENDER_HPP
#define ISOLATTE_LIB_NATS_RESULT_SENDER_HPP

#include "logic/moment.hpp"
#include "nats/link/server_link.hpp"
#include "nats/system.hpp"
#include "nats/wire/results.hpp"

#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::nats {

using isolatte::logic::moment;

/// Publishes a host's results, and tells when the server has stored them. A batch of results is as
/// many messages as it takes.
class result_sender {
 public:
  /// A parcel, and a batch of it.
  using batch_id = std::pair<std::uint64_t, std::uint64_t>;

  class owner {
   public:
    virtual void results_stored(batch_id which) = 0;

   protected:
    ~owner() = default;
  };

  /// @param through is stopped before this is destroyed
  result_sender(link::server_link& through, std::string host_name, owner& to);

  /// The link is up.
  void connect(std::size_t max_payload);
  /// The link is down: nothing is known of batches that have had no answer.
  void disconnect() noexcept;

  /// Makes the messages of a batch, and publishes them until the server has stored them. A result
  /// that no message can hold is replaced by one that says so. Has the batch, also if it throws.
  void send(batch_id which, std::string subject, std::vector<wire::job_result> results);
  /// Publishes the parts that the server has not said to have stored. The server stores no message
  /// twice.
  void send_again(batch_id which);
  /// The parcel is over.
  void forget(std::uint64_t parcel);

  /// Publishes a message for which no answer is needed.
  void tell(const std::string& subject, wire::job_result result);

  /// Results that the server has not said to have stored.
  std::size_t waiting() const noexcept { return waiting_results_; }
  /// The bytes of their messages.
  std::size_t bytes() const noexcept { return waiting_bytes_; }

  /// Answers that take longer than this are taken for lost.
  void patience(std::chrono::nanoseconds time) noexcept { patience_ = time; }
  void wake(moment now);
  moment wake_at() const noexcept;

 private:
  struct part {
    std::string id;
    isolatte::detail::byte_buffer bytes;
    /// The largest message of the server for which it was made.
    std::size_t made_for = 0;
    /// Or other parts have its results.
    bool is_stored = false;
  };
  struct batch {
    std::string subject;
    std::vector<part> parts;
    /// Results that no message holds yet: there was no memory for it.
    std::vector<wire::job_result> unpacked;
    std::size_t results = 0;
    std::size_t bytes = 0;
  };
  using batches = std::map<batch_id, batch>;
  struct sent {
    batch_id which;
    std::size_t part = 0;
    moment at{};
  };

  std::size_t room() const noexcept;
  void fit(wire::job_result& result) const;
  /// Puts results into messages, and these at the end of the batch. Takes those for which there is
  /// memory, also if it throws.
  void pack(batch_id which, std::vector<wire::job_result>& results);
  /// Makes messages anew that are too large for this server.
  void repack(batch_id which);
  void publish(batch_id which, std::size_t part);
  batches::iterator erase(batches::iterator which);
  void heed(const link::message& answer);
  void send_later(batch_id which);

  link::server_link& link_;
  std::string const host_name_;
  owner& owner_;
  std::string const id_;
  std::size_t max_payload_ = 0;
  std::chrono::nanoseconds patience_ = std::chrono::seconds{2};

  std::string inbox_;
  std::optional<link::server_link::subscription_id> subscription_;
  batches batches_;
  std::size_t waiting_results_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t last_sent_ = 0;
  std::map<std::uint64_t, sent> waiting_;
  /// Batches that the server has refused.
  std::map<batch_id, moment> retries_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
