// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TRACE_EVENT_WRITER_HPP
#define ISOLATTE_TRACE_EVENT_WRITER_HPP

#include <isolatte/config.hpp>

#include <iosfwd>
#include <memory>

namespace isolatte::inline v0_1 {

/// Writes the jobs of the program to a stream as a trace, which Perfetto (https://ui.perfetto.dev)
/// and `chrome://tracing` show.
///
/// Each worker of a pool has a row, which the next worker in its slot goes on with. Other jobs have
/// the first row that is free. A job is a slice that bears the name of its ending, and has its
/// process id, its usage, its signal and its error as arguments. A job that waited has a span of
/// its own from its being asked for to its start, and so has each worker from its start to its end.
/// Times are microseconds since the writer was made.
///
/// The format is the Trace Event Format's array of JSON. A job is written when it completes, so a
/// trace that a crash has cut short is still read.
///
/// @code
/// std::ofstream file{"jobs.json"};
/// isolatte::trace_event_writer const trace{file};
/// @endcode
///
/// @par Thread safety
/// The jobs may be those of any threads. Nothing else may write to the stream meanwhile.
class trace_event_writer {
 public:
  /// Begins the trace with the jobs that are asked for from now on.
  /// @param to the stream, which outlives the writer. If it fails, the rest is dropped, and the
  /// stream tells
  /// @par Exception safety
  /// Strong guarantee, but for what has been written: `std::bad_alloc`, what @p to throws.
  ISOLATTE_DECL explicit trace_event_writer(std::ostream& to);
  /// Ends the trace. Jobs that are not complete are left out.
  ISOLATTE_DECL ~trace_event_writer();
  trace_event_writer(const trace_event_writer&) = delete;
  trace_event_writer& operator=(const trace_event_writer&) = delete;

 private:
  struct implementation;
  std::unique_ptr<implementation> implementation_;
};

}  // namespace isolatte::inline v0_1

#endif
