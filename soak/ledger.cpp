// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "ledger.hpp"

#include "output.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/ending.hpp>

#include <sstream>

namespace soak {

namespace {
constexpr std::uint64_t most_printed = 100;
/// A job that takes longer is worth a line.
constexpr std::chrono::seconds slow{40};
/// No machine is so busy that a job takes longer in a calm round.
constexpr auto too_slow = isolatte::test::malloc_refuses ? 3 * slow : 6 * slow;

/// Whether a job came to the end that its launcher is there for.
bool is_success(std::string_view ending) {
  return ending.ends_with("returned") || ending == "map" || ending == "everywhere" ||
         ending == "program: exited" || ending == "management: done";
}
}  // namespace

void ledger::begin(const plan& what) {
  std::scoped_lock const lock{mutex_};
  open_.emplace(what.index, open_job{what, clock::now()});
}

void ledger::end(const plan& what, std::string_view ending, const std::string& complaint) {
  std::scoped_lock const lock{mutex_};
  auto const found = open_.find(what.index);
  if (found == open_.end()) {
    std::ostringstream text;
    text << what << "\n  completed twice";
    print(text.str());
  } else {
    auto const took = clock::now() - found->second.since;
    if (took > slow) {
      std::ostringstream text;
      text << "slow, " << std::chrono::duration_cast<std::chrono::seconds>(took).count()
           << " s: " << what << ", " << ending;
      bool const is_greedy = what.what.what == act::burn;
      if (took > too_slow && !is_greedy && !what.disturbed())
        print(text.str());
      else
        say(text.str());
    }
    open_.erase(found);
  }
  ++totals_.jobs;
  if (what.what.what == act::nest && ending != to_string(isolatte::ending::returned)) ++cut_nests_;
  ++totals_.endings[std::string{ending}];
  ++totals_.deeds[std::string{name_of(what.what.what)}];
  if (is_success(ending)) ++totals_.successful[std::string{name_of(what.by)}];
  ++totals_.launchers[std::string{name_of(what.by)}];
  ++totals_.phases[std::string{name_of(what.during)}];
  if (!complaint.empty()) {
    std::ostringstream text;
    text << what << "\n  " << complaint;
    print(text.str());
  }
  if (open_.empty()) idle_.notify_all();
}

void ledger::note_process(const plan& what, int pid) {
  if (pid == 0) return;
  std::ostringstream text;
  text << what;
  note_process(text.str(), pid);
}

void ledger::note_process(const std::string& owner, int pid) {
  std::scoped_lock const lock{mutex_};
  processes_.insert_or_assign(pid, owner);
}

std::string ledger::owner_of(int pid) const {
  std::scoped_lock const lock{mutex_};
  auto const found = processes_.find(pid);
  return found == processes_.end() ? "unknown" : found->second;
}

void ledger::forget_processes() {
  std::scoped_lock const lock{mutex_};
  processes_.clear();
}

void ledger::fail(const std::string& complaint) {
  std::scoped_lock const lock{mutex_};
  print(complaint);
}

void ledger::print(const std::string& complaint) {
  if (++totals_.failures <= most_printed) say("FAILED: " + complaint);
}

ledger::totals ledger::sum() const {
  std::scoped_lock const lock{mutex_};
  totals copy = totals_;
  copy.in_flight = open_.size();
  return copy;
}

std::uint64_t ledger::jobs() const {
  std::scoped_lock const lock{mutex_};
  return totals_.jobs;
}

std::uint64_t ledger::cut_nests() const {
  std::scoped_lock const lock{mutex_};
  return cut_nests_;
}

std::optional<std::pair<plan, ledger::clock::duration>> ledger::oldest() const {
  std::scoped_lock const lock{mutex_};
  const open_job* found = nullptr;
  for (auto const& [index, each] : open_)
    if (found == nullptr || each.since < found->since) found = &each;
  if (found == nullptr) return std::nullopt;
  return std::pair{found->what, clock::now() - found->since};
}

std::vector<plan> ledger::outstanding() const {
  std::scoped_lock const lock{mutex_};
  std::vector<plan> all;
  for (auto const& [index, each] : open_) all.push_back(each.what);
  return all;
}

bool ledger::wait_until_idle(clock::time_point until) {
  std::unique_lock lock{mutex_};
  return idle_.wait_until(lock, until, [this] { return open_.empty(); });
}

}  // namespace soak
