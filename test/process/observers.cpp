// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

// Observers are told of each moment of each job, whatever launches it.

#include "helpers.hpp"
#include "remembered.hpp"
#include "support/nothing_left.hpp"
#include "support/sanitizers.hpp"

#include <isolatte.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace observers_test {

namespace asio = boost::asio;
using boost::system::error_code;
using isolatte::call;
using isolatte::ending;
using isolatte::job_event;
using isolatte::job_moment;
using isolatte::launcher;
using namespace isolatte::test;
using namespace std::chrono_literals;

/// Its bytes are well formed, and give no value in the program.
struct refused_here {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if (Archive::is_loading::value) throw std::domain_error{"not such a one"};
  }
};

/// All that has been told of one job.
struct story {
  std::vector<job_moment> moments;
  std::vector<std::chrono::steady_clock::time_point> times;
  launcher by{};
  std::uint64_t pool = 0;
  int pid = 0;
  std::optional<isolatte::worker_id> worker;
  error_code ec;
  isolatte::run_summary last;
};

/// Remembers what it is told. Workers apart, because a pool's workers end when they like.
class stories {
 public:
  void take(const job_event& event) {
    std::lock_guard const lock{mutex_};
    story& of = (event.by == launcher::worker ? workers_ : jobs_)[event.job];
    of.moments.push_back(event.moment);
    of.times.push_back(event.at);
    of.by = event.by;
    of.pool = event.pool;
    of.pid = event.pid;
    of.worker = event.worker;
    of.ec = event.ec;
    if (event.summary != nullptr) {
      of.last.how = event.summary->how;
      of.last.ran = event.summary->ran;
      of.last.pid = event.summary->pid;
      of.last.signal = event.summary->signal;
      of.last.exit_code = event.summary->exit_code;
      of.last.usage = event.summary->usage;
      of.last.reason = event.summary->reason;
    }
  }
  auto function() {
    return [this](const job_event& event) { take(event); };
  }
  const std::map<std::uint64_t, story>& jobs() const noexcept { return jobs_; }
  const std::map<std::uint64_t, story>& workers() const noexcept { return workers_; }
  /// The only job of which something has been told.
  const story& only() {
    std::lock_guard const lock{mutex_};
    BOOST_REQUIRE(jobs_.size() == 1u);
    return jobs_.begin()->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, story> jobs_;
  std::map<std::uint64_t, story> workers_;
};

const std::vector<job_moment> whole{job_moment::queued, job_moment::started, job_moment::ended,
                                    job_moment::completed};
const std::vector<job_moment> whole_and_undecodable{job_moment::queued, job_moment::started,
                                                    job_moment::ended, job_moment::completed,
                                                    job_moment::undecodable};

void check_whole(const story& of) {
  BOOST_TEST((of.moments == whole));
  BOOST_TEST(std::is_sorted(of.times.begin(), of.times.end()));
}

/// Runs a function when it is destroyed. This object was there before the library was first used,
/// so static objects that the library makes at its first use are destroyed before it.
struct static_end {
  std::function<void()> what;
  ~static_end() {
    if (what) what();
  }
} last_of_all;

struct fixture : nothing_left {
  asio::io_context context;
  stories told;
  std::optional<isolatte::observation> watching{isolatte::observe(told.function())};

  void run() {
    context.restart();
    context.run();
  }
  template <class R>
  void run_until_told(const remembered<R>& done) {
    context.restart();
    while (done.calls == 0) BOOST_REQUIRE(context.run_one() != 0u);
  }
};

BOOST_FIXTURE_TEST_SUITE(observers, fixture)

BOOST_AUTO_TEST_CASE(a_forked_job_is_told_from_its_beginning_to_its_end) {
  remembered<int> done;
  isolatte::async_fork(context, [] { return 42; }, done.handler());
  run();
  check_whole(told.only());
  BOOST_TEST((told.only().by == launcher::fork));
  BOOST_TEST(told.only().pid == done.what.pid());
  BOOST_TEST(told.only().last.pid == done.what.pid());
  BOOST_TEST((told.only().last.how == ending::returned));
  BOOST_TEST(told.only().last.usage.wall.count() == done.what.usage().wall.count());
  BOOST_TEST(!told.only().worker.has_value());
  BOOST_TEST(told.only().pool == 0u);
}

// Its frames are named by another child, which is no job.
BOOST_AUTO_TEST_CASE(a_job_that_crashes_is_told_alone) {
  remembered<void> crashed;
  isolatte::async_fork(context, [] { std::abort(); }, crashed.handler());
  run();
  check_whole(told.only());
  BOOST_TEST((told.only().last.how == ending::faulted));
}

BOOST_AUTO_TEST_CASE(endings_are_told_as_the_handler_has_them) {
  remembered<void> threw;
  remembered<void> killed;
  remembered<void> late;
  isolatte::async_fork(context, [] { throw std::runtime_error{"no"}; }, threw.handler());
  run();
  isolatte::async_fork(context, [] { ::raise(SIGKILL); }, killed.handler());
  run();
  isolatte::async_fork(context, [] { hang(); }, {.timeout = 10ms}, late.handler());
  run();
  std::vector<ending> endings;
  for (auto const& [number, of] : told.jobs()) {
    check_whole(of);
    endings.push_back(of.last.how);
  }
  BOOST_TEST((endings == std::vector{ending::threw, ending::killed, ending::timed_out}));
}

BOOST_AUTO_TEST_CASE(programs_and_served_children_are_told) {
  remembered<void> program;
  isolatte::async_execute(context, {.executable = "/bin/true"}, program.handler());
  run();
  {
    isolatte::fork_server server{context};
    remembered<int> served;
    server.async_fork(call([] { return 1; }), served.handler());
    run_until_told(served);
    auto job = server.spawn_child(call([] { return 2; }));
    remembered<int> held;
    job.async_wait(held.handler());
    run_until_told(held);
  }
  run();
  std::vector<launcher> by;
  for (auto const& [number, of] : told.jobs()) {
    check_whole(of);
    BOOST_TEST(of.pid > 0);
    by.push_back(of.by);
  }
  BOOST_TEST((by == std::vector{launcher::program, launcher::fork_server, launcher::fork_server}));
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_told_as_not_started) {
  remembered<void> done;
  isolatte::async_execute(context, {.executable = "/no/such/program"}, done.handler());
  run();
  auto const& of = told.only();
  BOOST_TEST((of.moments.front() == job_moment::queued));
  BOOST_TEST((of.moments.back() == job_moment::completed));
  BOOST_TEST((of.last.how == ending::not_started));
  BOOST_TEST((of.ec == done.ec), of.ec.message());
}

BOOST_AUTO_TEST_CASE(a_pool_tells_jobs_and_workers) {
  {
    isolatte::worker_pool pool{context, {.workers = 2}};
    for (int i = 0; i != 10; ++i)
      pool.async_run(call([] { return 1; }), [](error_code, isolatte::outcome<int>) {});
    pool.async_drain([&](error_code) { pool.stop(); });
    run();
  }
  BOOST_TEST(told.jobs().size() == 10u);
  std::map<int, std::vector<std::pair<std::chrono::steady_clock::time_point, job_moment>>> rows;
  for (auto const& [number, of] : told.jobs()) {
    check_whole(of);
    BOOST_TEST((of.by == launcher::pool));
    BOOST_TEST(of.pool != 0u);
    BOOST_REQUIRE(of.worker.has_value());
    BOOST_TEST(of.worker->pid == of.pid);
    BOOST_TEST(of.worker->slot < 2u);
    for (std::size_t i = 0; i != of.moments.size(); ++i)
      if (of.moments[i] == job_moment::started || of.moments[i] == job_moment::ended)
        rows[of.pid].emplace_back(of.times[i], of.moments[i]);
  }
  // A worker runs one job after the other.
  for (auto& [pid, row] : rows) {
    // At one moment a worker ends a job before it starts the next.
    std::sort(row.begin(), row.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : a.second > b.second;
    });
    for (std::size_t i = 0; i != row.size(); ++i)
      BOOST_TEST((row[i].second == (i % 2 == 0 ? job_moment::started : job_moment::ended)));
  }
  BOOST_TEST(told.workers().size() >= rows.size());
  for (auto const& [number, of] : told.workers()) {
    BOOST_TEST((of.moments.back() == job_moment::completed));
    BOOST_TEST(of.pool == told.jobs().begin()->second.pool);
    BOOST_REQUIRE(of.worker.has_value());
    BOOST_TEST(of.worker->generation != 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_job_that_crashes_its_worker_is_told_whole_and_the_next_one_too) {
  remembered<void> crashed;
  remembered<int> next;
  {
    isolatte::worker_pool pool{context, {.workers = 1}};
    pool.async_run(call([] { ::raise(SIGKILL); }), crashed.handler());
    pool.async_run(call([] { return 5; }), next.handler());
    pool.async_drain([&](error_code) { pool.stop(); });
    run();
  }
  BOOST_REQUIRE(told.jobs().size() == 2u);
  check_whole(told.jobs().begin()->second);
  BOOST_TEST((told.jobs().begin()->second.last.how == ending::killed));
  auto const& second = told.jobs().rbegin()->second;
  check_whole(second);
  BOOST_TEST(second.pid == next.what.pid());
  BOOST_TEST(second.pid != crashed.what.pid());
}

BOOST_AUTO_TEST_CASE(a_job_that_is_cancelled_in_the_queue_has_not_started) {
  remembered<void> running;
  remembered<int> waiting;
  asio::cancellation_signal stop;
  asio::cancellation_signal stop_running;
  {
    isolatte::worker_pool pool{context, {.workers = 1}};
    bool has_begun = false;
    pool.async_run(isolatte::on_message(call([](isolatte::channel<int>& talk) {
                                          talk.post(1);
                                          hang();
                                        }),
                                        [&](int) { has_begun = true; }),
                   asio::bind_cancellation_slot(stop_running.slot(), running.handler()));
    while (!has_begun) BOOST_REQUIRE(context.run_one() != 0u);
    pool.async_run(call([] { return 1; }),
                   asio::bind_cancellation_slot(stop.slot(), waiting.handler()));
    stop.emit(asio::cancellation_type::terminal);
    run_until_told(waiting);
    stop_running.emit(asio::cancellation_type::terminal);
    run_until_told(running);
    pool.stop();
    run();
  }
  auto const& cancelled = told.jobs().rbegin()->second;
  BOOST_TEST((cancelled.moments == std::vector{job_moment::queued, job_moment::completed}));
  BOOST_TEST((cancelled.ec == asio::error::operation_aborted));
  BOOST_TEST((cancelled.last.how == ending::not_started));
  check_whole(told.jobs().begin()->second);
}

BOOST_AUTO_TEST_CASE(calls_of_a_resident_are_told) {
  {
    isolatte::resident<int> held{context, call([] { return 7; })};
    remembered<int> done;
    held.async_call(call([](int& value) { return value; }), done.handler());
    run_until_told(done);
    held.stop();
    run();
  }
  check_whole(told.only());
  BOOST_TEST((told.only().by == launcher::resident));
  BOOST_TEST(told.workers().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_destroyed_handle_completes_its_job) {
  {
    auto job = isolatte::spawn_child(context, [] { hang(); });
  }
  run();
  check_whole(told.only());
  BOOST_TEST((told.only().ec == asio::error::operation_aborted));
  BOOST_TEST((told.only().last.how == ending::cancelled));
}

BOOST_AUTO_TEST_CASE(the_end_of_the_execution_context_completes_its_jobs) {
  {
    asio::io_context brief;
    isolatte::async_fork(brief, [] { hang(); }, [](error_code, isolatte::outcome<void>) {});
    isolatte::worker_pool pool{brief, {.workers = 1}};
    pool.async_run(call(hang), [](error_code, isolatte::outcome<void>) {});
    brief.poll();
  }
  BOOST_TEST(told.jobs().size() == 2u);
  for (auto const& [number, of] : told.jobs())
    BOOST_TEST((of.moments.back() == job_moment::completed));
}

BOOST_AUTO_TEST_CASE(an_early_result_is_the_last_that_is_told) {
  remembered<int> done;
  isolatte::async_fork(context, [] { return 3; }, {.early = true}, done.handler());
  run();
  BOOST_TEST((told.only().moments.back() == job_moment::completed));
  BOOST_TEST((told.only().moments.front() == job_moment::queued));
  BOOST_TEST((told.only().last.how == ending::returned));
}

BOOST_AUTO_TEST_CASE(an_observation_that_is_over_tells_no_more) {
  remembered<int> before;
  remembered<int> after;
  isolatte::async_fork(context, [] { return 1; }, before.handler());
  watching.reset();
  isolatte::async_fork(context, [] { return 2; }, after.handler());
  run();
  BOOST_TEST(before.calls == 1);
  BOOST_TEST(after.calls == 1);
  BOOST_TEST(told.only().moments.size() <= 2u);
}

BOOST_AUTO_TEST_CASE(jobs_from_before_are_not_told_in_the_middle) {
  watching.reset();
  stories late;
  remembered<int> done;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  auto const watch = isolatte::observe(late.function());
  run();
  BOOST_TEST(done.calls == 1);
  BOOST_TEST(late.jobs().empty());
}

BOOST_AUTO_TEST_CASE(an_observer_may_end_its_own_observation) {
  int calls = 0;
  std::optional<isolatte::observation> own;
  own = isolatte::observe([&](const job_event&) {
    ++calls;
    own.reset();
  });
  remembered<int> done;
  isolatte::async_fork(context, [] { return 1; }, done.handler());
  run();
  BOOST_TEST(calls == 1);
  check_whole(told.only());
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_decoded_is_told) {
  isolatte::prometheus_metrics const metrics;
  std::ostringstream file;
  {
    isolatte::trace_event_writer const trace{file};
    auto const made = [] { return refused_here{}; };
    remembered<refused_here> forked;
    remembered<refused_here> pooled;
    isolatte::async_fork(context, made, forked.handler());
    run();
    {
      isolatte::worker_pool pool{context, {.workers = 1}};
      pool.async_run(call(made), pooled.handler());
      run_until_told(pooled);
      pool.stop();
      run();
    }
    BOOST_TEST((forked.what.how() == ending::undelivered));
    BOOST_TEST((pooled.what.how() == ending::undelivered));
    BOOST_TEST((isolatte::fork(made).how() == ending::undelivered));
  }
  BOOST_TEST(told.jobs().size() == 3u);
  for (auto const& [number, of] : told.jobs()) {
    BOOST_TEST((of.moments == whole_and_undecodable));
    BOOST_TEST(std::is_sorted(of.times.begin(), of.times.end()));
    BOOST_TEST((of.last.how == ending::undelivered));
    BOOST_TEST(of.last.reason.find("not such a one") != std::string::npos);
  }
  std::string const text = metrics.text();
  for (std::string const line : {"{launcher=\"fork\"} 2\n", "{launcher=\"pool\"} 1\n"})
    BOOST_TEST(text.find("isolatte_jobs_undecodable_total" + line) != std::string::npos, text);
  BOOST_TEST(file.str().find("undecodable result of job") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(jobs_that_an_observer_starts_are_told_after_its_call) {
  remembered<int> first;
  remembered<int> second;
  bool is_inside = false;
  bool has_overlapped = false;
  bool has_started = false;
  auto const starting = isolatte::observe([&](const job_event& event) {
    has_overlapped |= std::exchange(is_inside, true);
    if (event.moment == job_moment::completed && !std::exchange(has_started, true))
      isolatte::async_fork(context, [] { return 2; }, second.handler());
    is_inside = false;
  });
  isolatte::async_fork(context, [] { return 1; }, first.handler());
  run();
  BOOST_TEST(!has_overlapped);
  BOOST_TEST(second.what.value_or(0) == 2);
  BOOST_TEST(told.jobs().size() == 2u);
  for (auto const& [number, of] : told.jobs()) check_whole(of);
}

BOOST_AUTO_TEST_CASE(a_job_that_cannot_begin_is_told_after_the_call_that_starts_it) {
  remembered<void> refused;
  remembered<int> first;
  bool has_started = false;
  auto const starting = isolatte::observe([&](const job_event& event) {
    if (event.moment != job_moment::completed || std::exchange(has_started, true)) return;
    isolatte::async_execute(context, {.executable = "/nowhere/at/all"}, refused.handler());
  });
  isolatte::async_fork(context, [] { return 1; }, first.handler());
  run();
  BOOST_TEST(refused.calls == 1);
  BOOST_TEST(told.jobs().size() == 2u);
  auto const& last = told.jobs().rbegin()->second;
  BOOST_TEST((last.moments.front() == job_moment::queued));
  BOOST_TEST((last.moments.back() == job_moment::completed));
  BOOST_TEST((last.last.how == ending::not_started));
}

BOOST_AUTO_TEST_CASE(two_observers_that_start_jobs_in_two_threads_do_not_wait_for_each_other) {
  constexpr int each = with_tsan || with_asan ? 10 : 50;
  std::atomic<int> calls = 0;
  auto const starts_one = [&](const job_event& event) {
    if (event.by != launcher::fork || event.moment != job_moment::completed) return;
    // One more for each job that a test thread has started.
    if (calls++ % 2 == 0)
      isolatte::async_fork(context, [] {}, [](error_code, isolatte::outcome<void>) {});
  };
  {
    auto const first = isolatte::observe(starts_one);
    auto const second = isolatte::observe(starts_one);
    std::vector<std::thread> threads;
    for (int i = 0; i != 2; ++i)
      threads.emplace_back([] {
        for (int n = 0; n != each; ++n) static_cast<void>(isolatte::fork([] {}));
      });
    for (auto& one : threads) one.join();
  }
  run();
  for (auto const& [number, of] : told.jobs()) check_whole(of);
}

BOOST_AUTO_TEST_CASE(children_tell_their_jobs_to_their_own_observers_only) {
  remembered<std::size_t> done;
  isolatte::async_fork(
      context,
      [] {
        stories own;
        auto const watch = isolatte::observe(own.function());
        static_cast<void>(isolatte::fork([] {}));
        return own.jobs().size();
      },
      done.handler());
  run();
  BOOST_TEST(done.what.value_or(0u) == 1u);
  check_whole(told.only());
}

BOOST_AUTO_TEST_CASE(jobs_and_observations_of_static_objects_are_told_and_end) {
  pid_t const program = bare_fork([] {
    auto* const own = new stories;
    auto* const watch = new isolatte::observation{isolatte::observe(own->function())};
    auto* const brief = new asio::io_context;
    isolatte::async_fork(*brief, [] { hang(); }, [](error_code, isolatte::outcome<void>) {});
    last_of_all.what = [=] {
      delete brief;
      bool const was_told = own->jobs().size() == 1 &&
                            own->jobs().begin()->second.moments.back() == job_moment::completed;
      delete watch;
      static_cast<void>(isolatte::fork([] {}));
      ::_exit(was_told && own->jobs().size() == 1 ? 0 : 1);
    };
    leave_main(2);
  });
  BOOST_TEST(wait_for(program) == 0);
}

BOOST_AUTO_TEST_CASE(many_threads_start_jobs_while_observers_come_and_go) {
  isolatte::worker_pool pool{context, {.workers = 2}};
  constexpr int each = with_tsan || with_asan ? 50 : 400;
  std::vector<std::thread> threads;
  for (int i = 0; i != 2; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n != each; ++n)
        pool.async_run(call([] { return 1; }), [](error_code, isolatte::outcome<int>) {});
    });
  auto work = asio::make_work_guard(context);
  for (int i = 0; i != 2; ++i) threads.emplace_back([&] { context.run(); });
  for (int i = 0; i != each; ++i) {
    stories brief;
    auto const watch = isolatte::observe(brief.function());
  }
  threads[0].join();
  threads[1].join();
  pool.async_drain([&](error_code) {
    pool.stop();
    work.reset();
  });
  threads[2].join();
  threads[3].join();
  BOOST_TEST(told.jobs().size() == 2u * each);
  for (auto const& [number, of] : told.jobs()) check_whole(of);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace observers_test
