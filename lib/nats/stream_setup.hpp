// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_STREAM_SETUP_HPP
#define ISOLATTE_LIB_NATS_STREAM_SETUP_HPP

#include "nats/link/server_link.hpp"
#include "nats/settings.hpp"
#include "nats/wire/jetstream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace isolatte::inline v0_1::nats {

/// Finds the streams of a farm, or makes them, and makes the consumer of a submitter's results.
class stream_setup : public std::enable_shared_from_this<stream_setup> {
 public:
  struct result {
    enum class kind {
      done,
      /// The server did not answer, or not for good.
      not_now,
      /// The server will not have the streams.
      refused,
    };
    kind how = kind::done;
    /// When the stream JOBS was made.
    std::int64_t created = 0;
    /// A stream was not there before.
    bool made = false;
    std::string why{};
  };
  using handler = std::function<void(const result&)>;

  /// @param link lives as long as any request of it has not completed
  /// @param deliver_to the subject to which the server sends results
  stream_setup(link::server_link& link, const settings& what, std::string submitter,
               std::string deliver_to);

  /// Begins. The handler is called once, unless the link is stopped.
  void run(handler done);

 private:
  using found = std::function<void(std::int64_t created)>;

  void ask(const std::string& subject, const std::string& body,
           std::function<void(std::string_view)> read);
  void look(const wire::stream_config& config, const found& then);
  void make(const wire::stream_config& config, const found& then);
  void make_consumer();
  void fail(const wire::api_error& error);
  void end(result::kind how, std::string why);

  link::server_link& link_;
  wire::stream_config jobs_;
  wire::stream_config done_;
  wire::consumer_config consumer_;
  result result_;
  handler handler_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
