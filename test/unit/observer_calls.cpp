// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// How observers are called, whatever threads the moments of jobs come from. There are no processes:
// the tests tell the moments themselves.

#include "supervise/observed_job.hpp"
#include "support/no_memory.hpp"
#include "support/sanitizers.hpp"

#include <isolatte/detail/vocabulary/report.hpp>
#include <isolatte/observe.hpp>
#include <isolatte/prometheus_metrics.hpp>
#include <isolatte/run_summary.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace observer_calls_test {

using isolatte::ending;
using isolatte::job_event;
using isolatte::job_moment;
using isolatte::launcher;
using isolatte::observation;
using isolatte::observe;
using isolatte::supervise::observed_job;
using namespace isolatte::test;

using moments = std::vector<job_moment>;

const moments whole{job_moment::queued, job_moment::started, job_moment::ended,
                    job_moment::completed};

/// Remembers what it is told.
class stories {
 public:
  auto function() {
    return [this](const job_event& event) {
      std::lock_guard const lock{mutex_};
      jobs_[event.job].push_back(event.moment);
    };
  }
  /// By the number of the job.
  std::map<std::uint64_t, moments> jobs() const {
    std::lock_guard const lock{mutex_};
    return jobs_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, moments> jobs_;
};

void complete(observed_job& job, ending how = ending::returned) {
  isolatte::detail::report report;
  report.summary.how = how;
  job.completed({}, report);
}

void run_whole(observed_job job = observed_job{launcher::fork}) {
  job.started(7);
  job.ended();
  complete(job);
}

/// Waits for a condition which another thread brings about.
template <class Condition>
void await(Condition holds) {
  while (!holds()) std::this_thread::yield();
}

/// Whether a thread of this process waits for something.
bool is_asleep(int thread) {
  std::ifstream file{"/proc/self/task/" + std::to_string(thread) + "/stat"};
  std::string text;
  std::getline(file, text);
  auto const name_end = text.rfind(") ");
  return name_end != text.npos && text[name_end + 2] == 'S';
}

/// A thread that begins when it is told to, and does one thing.
class other_thread {
 public:
  template <class F>
  explicit other_thread(F what)
      : thread_{[this, what] {
          number_ = static_cast<int>(::syscall(SYS_gettid));
          await([this] { return may_begin_.load(); });
          what();
          is_done_ = true;
        }} {}
  ~other_thread() {
    may_begin_ = true;
    thread_.join();
  }
  other_thread(const other_thread&) = delete;
  other_thread& operator=(const other_thread&) = delete;

  /// Returns when the thread has done all, or cannot go on.
  void go_as_far_as_possible() {
    await([this] { return number_ != 0; });
    may_begin_ = true;
    await([this] { return is_done_ || is_asleep(number_); });
  }
  bool is_done() const noexcept { return is_done_; }

 private:
  std::atomic<int> number_ = 0;
  std::atomic<bool> may_begin_ = false;
  std::atomic<bool> is_done_ = false;
  std::thread thread_;
};

BOOST_AUTO_TEST_SUITE(observer_calls)

BOOST_AUTO_TEST_CASE(a_job_that_a_call_starts_is_told_in_order_though_another_thread_ends_it) {
  stories before;
  stories after;
  auto const one = observe(before.function());
  std::optional<observed_job> inner;
  other_thread other{[&] {
    inner->ended();
    complete(*inner);
  }};
  bool is_first = true;
  auto const starting = observe([&](const job_event&) {
    if (!std::exchange(is_first, false)) return;
    inner.emplace(launcher::fork);
    inner->started(7);
    other.go_as_far_as_possible();
  });
  auto const another = observe(after.function());
  run_whole();
  await([&] { return other.is_done(); });
  for (auto const* const each : {&before, &after}) {
    auto const jobs = each->jobs();
    BOOST_TEST(jobs.size() == 2u);
    for (auto const& [number, told] : jobs) BOOST_TEST((told == whole));
  }
}

BOOST_AUTO_TEST_CASE(calls_do_not_overlap_and_each_job_is_told_in_order) {
  constexpr int threads = 3;
  constexpr int each = with_tsan ? 200 : 2000;
  stories told;
  auto const watching = observe(told.function());
  std::atomic<int> inside = 0;
  std::atomic<int> overlaps = 0;
  std::mutex mutex;
  std::vector<observed_job> begun;
  // Starts one job for each job of a pool, for any thread to end.
  auto const starts_one = [&](const job_event& event) {
    overlaps += inside++ != 0;
    if (event.by == launcher::pool && event.moment == job_moment::ended) {
      observed_job job{launcher::fork};
      job.started(7);
      std::lock_guard const lock{mutex};
      begun.push_back(std::move(job));
    }
    --inside;
  };
  auto const first = observe(starts_one);
  auto const second = observe(starts_one);
  std::vector<std::thread> running;
  for (int i = 0; i != threads; ++i)
    running.emplace_back([&] {
      for (int n = 0; n != each; ++n) {
        run_whole(observed_job{launcher::pool});
        std::vector<observed_job> taken;
        {
          std::lock_guard const lock{mutex};
          taken.swap(begun);
        }
        for (auto& job : taken) {
          job.ended();
          complete(job);
        }
      }
    });
  for (auto& one : running) one.join();
  // The others are given up.
  for (auto& job : begun) job.ended();
  begun.clear();
  BOOST_TEST(overlaps == 0);
  auto const jobs = told.jobs();
  BOOST_TEST(jobs.size() == std::size_t{threads} * each * 3);
  std::size_t wrong = 0;
  for (auto const& [number, of] : jobs) wrong += of != whole;
  BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_an_observation_waits_for_its_call) {
  std::optional<observation> watching;
  std::atomic<bool> is_inside = false;
  bool has_waited = false;
  other_thread other{[&] {
    watching.reset();
    has_waited = !is_inside;
  }};
  int calls = 0;
  watching.emplace(observe([&](const job_event&) {
    ++calls;
    is_inside = true;
    other.go_as_far_as_possible();
    BOOST_TEST(!other.is_done());
    is_inside = false;
  }));
  observed_job job{launcher::fork};
  await([&] { return other.is_done(); });
  complete(job);
  BOOST_TEST(has_waited);
  BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(an_observation_begins_during_the_call_of_another_one) {
  stories told;
  std::optional<observation> late;
  other_thread other{[&] { late.emplace(observe(told.function())); }};
  bool is_first = true;
  auto const watching = observe([&](const job_event&) {
    if (!std::exchange(is_first, false)) return;
    other.go_as_far_as_possible();
    await([&] { return other.is_done(); });
  });
  run_whole();
  BOOST_TEST(told.jobs().empty());
  run_whole();
  BOOST_REQUIRE(told.jobs().size() == 1u);
  BOOST_TEST((told.jobs().begin()->second == whole));
}

BOOST_AUTO_TEST_CASE(a_later_observer_is_not_told_of_jobs_from_before) {
  stories early;
  stories late;
  auto const first = observe(early.function());
  observed_job job{launcher::fork};
  auto const second = observe(late.function());
  run_whole(std::move(job));
  BOOST_TEST(late.jobs().empty());
  BOOST_REQUIRE(early.jobs().size() == 1u);
  BOOST_TEST((early.jobs().begin()->second == whole));
  run_whole();
  BOOST_TEST(late.jobs().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_call_may_end_any_observation) {
  // In the order in which they are called, one way or the other.
  for (std::size_t const ending : {0u, 1u, 2u, 3u}) {
    std::vector<int> calls(4);
    std::vector<observation> all(4);
    for (std::size_t i = 0; i != all.size(); ++i)
      all[i] = observe([&, i](const job_event&) {
        ++calls[i];
        if (i != ending) return;
        for (auto& each : all) each = {};
      });
    observed_job job{launcher::fork};
    auto const at_once = calls;
    complete(job);
    // Observers may have been called before the one that ends all, but none is called after it.
    BOOST_TEST(at_once[ending] == 1);
    BOOST_TEST((calls == at_once));
    BOOST_TEST(!observed_job{launcher::fork});
  }
}

BOOST_AUTO_TEST_CASE(an_observer_lives_until_its_call_returns) {
  struct alive {
    bool& gone;
    explicit alive(bool& of) : gone{of} {}
    ~alive() { gone = true; }
  };
  bool gone = false;
  bool was_gone = true;
  std::optional<observation> own;
  own.emplace(observe([&, life = std::make_shared<alive>(gone)](const job_event&) {
    own.reset();
    was_gone = life->gone;
  }));
  observed_job job{launcher::fork};
  BOOST_TEST(!was_gone);
  BOOST_TEST(gone);
}

BOOST_AUTO_TEST_CASE(a_copy_that_a_call_forks_tells_only_its_own_observers) {
  stories told;
  auto const watching = observe(told.function());
  pid_t copy = -1;
  // The last one comes first.
  auto forking = observe([&](const job_event&) {
    if (copy == -1) copy = ::fork();
  });
  auto job = std::make_optional<observed_job>(launcher::fork);
  if (copy == 0) {
    bool right = told.jobs().empty();
    stories own;
    {
      auto const here = observe(own.function());
      run_whole(std::move(*job));
      right = right && own.jobs().empty();
      run_whole();
      right = right && own.jobs().size() == 1 && own.jobs().begin()->second == whole;
    }
    forking = {};
    ::_exit(right && told.jobs().empty() ? 0 : 1);
  }
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(status == 0);
  run_whole(std::move(*job));
  BOOST_REQUIRE(told.jobs().size() == 1u);
  BOOST_TEST((told.jobs().begin()->second == whole));
}

BOOST_AUTO_TEST_CASE(a_copy_made_while_another_thread_calls_waits_for_nothing) {
  std::atomic<bool> is_inside = false;
  std::atomic<bool> may_return = false;
  std::optional<observation> watching{observe([&](const job_event&) {
    is_inside = true;
    await([&] { return may_return.load(); });
  })};
  std::thread calling{[] { run_whole(); }};
  await([&] { return is_inside.load(); });
  pid_t const copy = ::fork();
  if (copy == 0) {
    // Ends a copy that waits.
    ::alarm(60);
    stories own;
    bool right = !observed_job{launcher::fork};
    auto here = observe(own.function());
    run_whole();
    watching.reset();
    here = {};
    ::_exit(right && own.jobs().size() == 1 ? 0 : 1);
  }
  int status = -1;
  BOOST_TEST(::waitpid(copy, &status, 0) == copy);
  BOOST_TEST(status == 0);
  may_return = true;
  calling.join();
}

// Without memory

/// Makes something happen to another job when a job of a pool has begun, without memory.
template <class F>
auto without_memory(F what) {
  return [what](const job_event& event) {
    if (event.by != launcher::pool || event.moment != job_moment::queued) return;
    // Blocks of this size are all that such jobs ask for.
    no_memory const none{sizeof(isolatte::supervise::kept_event)};
    what();
  };
}

BOOST_AUTO_TEST_CASE(without_memory_no_call_is_within_another_and_completions_are_told) {
  if (!malloc_refuses) return;
  isolatte::detail::report report;
  report.summary.how = ending::killed;
  report.summary.signal = 9;
  report.summary.reason.assign(100'000, 'x');
  moments told;
  std::optional<isolatte::run_summary> last;
  bool is_inside = false;
  bool has_overlapped = false;
  std::optional<observed_job> inner;
  auto const happen = without_memory([&] {
    inner->started(7);
    inner->ended();
    inner->completed({}, report);
  });
  auto const watching = observe([&](const job_event& event) {
    has_overlapped = std::exchange(is_inside, true) || has_overlapped;
    if (!has_overlapped && event.by == launcher::fork) {
      told.push_back(event.moment);
      if (event.summary != nullptr) last = *event.summary;
    }
    happen(event);
    is_inside = false;
  });
  inner.emplace(launcher::fork);
  run_whole(observed_job{launcher::pool});
  BOOST_TEST(!has_overlapped);
  BOOST_TEST((told == moments{job_moment::queued, job_moment::completed}));
  BOOST_REQUIRE(last.has_value());
  BOOST_TEST((last->how == ending::killed));
  BOOST_TEST((last->signal == 9));
  BOOST_TEST(last->reason == "");
}

BOOST_AUTO_TEST_CASE(a_job_is_told_from_its_beginning_or_not_at_all) {
  if (!malloc_refuses) return;
  for (std::size_t const blocks : {0u, 1u, 2u}) {
    std::vector<void*> free_ones(blocks);
    for (auto& each : free_ones) each = std::malloc(sizeof(isolatte::supervise::kept_event));
    stories told;
    auto const watching = observe(told.function());
    auto const starting = observe(without_memory([&] {
      for (auto* const each : free_ones) std::free(each);
      run_whole(observed_job{launcher::fork});
    }));
    run_whole(observed_job{launcher::pool});
    auto const jobs = told.jobs();
    BOOST_TEST((jobs.begin()->second == whole));
    // One block for the job, and one for its beginning. Its completion needs none.
    BOOST_TEST(jobs.size() == (blocks < 2 ? 1u : 2u));
    if (blocks == 2)
      BOOST_TEST((jobs.rbegin()->second == moments{job_moment::queued, job_moment::completed}));
  }
}

BOOST_AUTO_TEST_CASE(a_job_for_which_metrics_have_no_memory_is_in_none_of_them) {
  if (!malloc_refuses) return;
  isolatte::prometheus_metrics const metrics;
  auto const expect = [&](const std::string& line) {
    auto const text = metrics.text();
    BOOST_TEST(text.find(line + '\n') != text.npos, line << " is not in\n" << text);
  };
  observed_job job{launcher::fork};
  job.started(7);
  expect(R"(isolatte_jobs_running{launcher="fork"} 1)");
  {
    isolatte::detail::report report;
    report.summary.how = ending::killed;
    report.summary.signal = 9;
    // The metrics have room for one thing, in the place of the job: for the ending or the signal.
    no_memory const none{sizeof(void*) * 6};
    job.completed({}, report);
  }
  expect(R"(isolatte_jobs_running{launcher="fork"} 0)");
  expect(R"(isolatte_jobs_queued{launcher="fork"} 0)");
  expect(R"(isolatte_job_queue_seconds_count{launcher="fork"} 0)");
  run_whole();
  expect(R"(isolatte_jobs_running{launcher="fork"} 0)");
  expect(R"(isolatte_job_queue_seconds_count{launcher="fork"} 1)");
  expect(R"(isolatte_jobs_total{launcher="fork",ending="returned"} 1)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace observer_calls_test
