// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_NATS_SETTINGS_HPP
#define ISOLATTE_LIB_NATS_SETTINGS_HPP

#include "nats/link/options.hpp"

#include <isolatte/nats.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace isolatte::inline v0_1::nats {

/// Options that have been checked, and the names on the server that follow from them. Farms and
/// hosts share these.
class settings {
 public:
  /// @throws boost::system::system_error as the constructor of a farm does
  explicit settings(farm_options&& opts);

  const farm_options& options() const noexcept { return options_; }
  std::chrono::nanoseconds lease() const noexcept { return options_.lease; }
  /// farm_options::code, or the program's build id. Empty if there is neither.
  const std::string& code() const noexcept { return code_; }

  /// @param client_name shown in the server's list of connections
  link::link_options link_options(std::string_view client_name) const;

  std::string jobs_stream() const { return "ISOLATTE_" + options_.name + "_JOBS"; }
  std::string done_stream() const { return "ISOLATTE_" + options_.name + "_DONE"; }
  /// Subjects that the streams take in.
  std::string all_jobs_subject() const { return subject("jobs.>"); }
  std::string all_done_subject() const { return subject("done.>"); }

  /// Farms publish parcels there.
  std::string jobs_subject() const { return subject("jobs." + code_); }
  /// Hosts publish the results for a submitter there.
  std::string done_subject(std::string_view submitter) const {
    return subject("done.").append(submitter);
  }
  /// Requests of farms to the hosts of the code.
  std::string cancel_subject() const { return subject("cancel." + code_); }
  /// Hosts ask a farm there for leave to begin a job.
  std::string leave_subject(std::string_view submitter) const {
    return subject("leave.").append(submitter);
  }
  /// A question to the hosts of the code: how much they have.
  std::string hosts_subject() const { return subject("hosts." + code_); }
  /// A farm has made the streams.
  std::string news_subject() const { return subject("news"); }

  /// The consumer from which the hosts of the code pull.
  /// @param created when the stream was made, as its information says
  std::string jobs_consumer(std::int64_t created) const;

 private:
  std::string subject(std::string_view rest) const {
    return ("isolatte." + options_.name + ".").append(rest);
  }

  farm_options options_;
  std::string code_;
};

}  // namespace isolatte::inline v0_1::nats

#endif
