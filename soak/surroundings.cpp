// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "surroundings.hpp"

#include "processes.hpp"

namespace soak {

namespace {

using isolatte::test::failure;

constexpr unsigned one_call_in = 1000;
constexpr unsigned one_process_in = 8;
constexpr unsigned one_allocation_in = 400;
constexpr rlim_t few_descriptors = 20;

}  // namespace

descriptor_limit::descriptor_limit(rlim_t more) {
  ::getrlimit(RLIMIT_NOFILE, &before_);
  rlimit now = before_;
  now.rlim_cur = open_descriptors().size() + more;
  ::setrlimit(RLIMIT_NOFILE, &now);
}

descriptor_limit::~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

surroundings::surroundings(phase during, std::uint64_t seed, incidents& seen)
    : during_{during}, seed_{seed}, seen_{seen} {
  if (during == phase::failing_calls)
    calls_.emplace(
        failure{.how = failure::mode::at_random, .nth = one_call_in, .entry = {}, .seed = seed});
  // The limit of the system does not bind root.
  if (during == phase::few_processes)
    calls_.emplace(failure{.how = failure::mode::at_random,
                           .nth = one_process_in,
                           .entry = "fork clone_sibling",
                           .seed = seed});
}

void surroundings::tighten(foreign& spared) {
  if (during_ == phase::few_descriptors) descriptors_.emplace(few_descriptors);
  if (during_ == phase::failing_allocations) allocations_.emplace(one_allocation_in, seed_);
  if (during_ == phase::hunted) hunter_.emplace(spared, seen_, seed_);
  if (during_ == phase::greedy_wait) waiter_.emplace(seen_);
}

void surroundings::relax() {
  hunter_.reset();
  waiter_.reset();
}

std::uint64_t surroundings::count() const {
  return seen_.count() + (calls_ ? calls_->count() : 0) +
         (allocations_ ? allocations_->count() : 0);
}

}  // namespace soak
