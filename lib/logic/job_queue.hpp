// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_LOGIC_JOB_QUEUE_HPP
#define ISOLATTE_LIB_LOGIC_JOB_QUEUE_HPP

#include "logic/moment.hpp"

#include <boost/intrusive/link_mode.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace isolatte::inline v0_1::logic {

/// The wishes for a job's place in a queue.
struct job_rank {
  /// Higher ones come first.
  int priority = 0;
  /// Jobs of equal priority take turns by these names.
  std::string tenant{};
  /// The job is not to be begun after this.
  moment deadline = moment::max();
};

/// The queue's part of one job.
class ranked_job {
 public:
  ranked_job() = default;
  explicit ranked_job(job_rank&& rank) noexcept : rank_{std::move(rank)} {}

  moment deadline() const noexcept { return rank_.deadline; }
  /// Whether the order among jobs depends on more than their coming.
  bool is_ranked() const noexcept { return rank_.priority != 0 || !rank_.tenant.empty(); }

 private:
  friend class job_queue;
  friend class deadline_set;

  using set_hook = boost::intrusive::set_member_hook<>;
  using list_hook = boost::intrusive::list_member_hook<>;
  /// A job that is the first of its group leaves no trace in the others when it goes.
  using group_hook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<ranked_job>,
                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  struct follower : group_hook {};
  using group = boost::intrusive::list<follower, boost::intrusive::base_hook<group_hook>,
                                       boost::intrusive::constant_time_size<false>>;
  struct member : follower {
    ranked_job* job;
  };

  job_rank rank_;
  /// The place in the order of coming.
  std::uint64_t number_ = 0;
  list_hook by_age_;
  set_hook by_deadline_;
  /// Linked for the first job of a group alone, as the next one.
  set_hook by_turn_;
  set_hook by_tenant_;
  std::uint64_t turn_ = 0;
  /// The jobs after it in its group.
  group followers_;
  /// The job's place among those of another.
  member follows_{{}, this};
};

/// Jobs that wait, in the order in which they are to be begun: a higher priority first; at equal
/// priority one job of each tenant in turn; the jobs of one tenant in the order in which they came.
/// But each @ref fair_turn th is the one that has waited longest, so that none starves.
///
/// Nothing is allocated. Every step takes constant time, apart from the search among the groups: as
/// many as there are pairs of a priority and a tenant that have jobs waiting.
class job_queue {
 public:
  static constexpr unsigned fair_turn = 8;

  job_queue() = default;
  job_queue(const job_queue&) = delete;
  job_queue& operator=(const job_queue&) = delete;
  ~job_queue() { clear(); }

  bool empty() const noexcept { return by_age_.empty(); }
  std::size_t size() const noexcept { return by_age_.size(); }

  /// Adds a job that has just come.
  void push(ranked_job& job) noexcept;
  /// Adds one that has been taken out, where it was among those of its priority and tenant.
  void put_back(ranked_job& job) noexcept;
  /// The job to be begun next. The queue is not empty.
  ranked_job& front() noexcept;
  /// Takes out front().
  void pop_front() noexcept;
  /// Takes out any job.
  void erase(ranked_job& job) noexcept { take_out(job, false); }
  /// The job that has waited longest. The queue is not empty.
  ranked_job& oldest() noexcept { return by_age_.front(); }
  void clear() noexcept;

 private:
  struct has_earlier_turn {
    bool operator()(const ranked_job& a, const ranked_job& b) const noexcept {
      if (a.rank_.priority != b.rank_.priority) return a.rank_.priority > b.rank_.priority;
      return a.turn_ < b.turn_;
    }
  };
  struct precedes_by_tenant {
    bool operator()(const ranked_job& a, const ranked_job& b) const noexcept {
      if (a.rank_.priority != b.rank_.priority) return a.rank_.priority > b.rank_.priority;
      return a.rank_.tenant < b.rank_.tenant;
    }
  };
  template <ranked_job::set_hook ranked_job::* Hook, class Compare>
  using set_by = boost::intrusive::set<
      ranked_job, boost::intrusive::member_hook<ranked_job, ranked_job::set_hook, Hook>,
      boost::intrusive::compare<Compare>, boost::intrusive::constant_time_size<false>>;

  static ranked_job& job_of(ranked_job::follower& place) noexcept {
    return *static_cast<ranked_job::member&>(place).job;
  }
  void lead(ranked_job& job) noexcept;
  void take_out(ranked_job& job, bool is_served) noexcept;

  boost::intrusive::list<ranked_job, boost::intrusive::member_hook<
                                         ranked_job, ranked_job::list_hook, &ranked_job::by_age_>>
      by_age_;
  /// The first jobs of all groups.
  set_by<&ranked_job::by_turn_, has_earlier_turn> by_turn_;
  set_by<&ranked_job::by_tenant_, precedes_by_tenant> by_tenant_;
  std::uint64_t pushed_ = 0;
  std::uint64_t turns_ = 0;
  /// Jobs taken by priority since the last one that was taken by age.
  unsigned taken_ = 0;
};

/// Jobs that have a deadline, whether they wait or not.
class deadline_set {
 public:
  deadline_set() = default;
  deadline_set(const deadline_set&) = delete;
  deadline_set& operator=(const deadline_set&) = delete;
  ~deadline_set() { clear(); }

  /// Adds the job if it has a deadline.
  void insert(ranked_job& job) noexcept {
    if (job.rank_.deadline != moment::max()) jobs_.insert(job);
  }
  void erase(ranked_job& job) noexcept {
    if (job.by_deadline_.is_linked()) jobs_.erase(jobs_.iterator_to(job));
  }
  /// The first deadline; moment::max() if there is none.
  moment first() const noexcept {
    return jobs_.empty() ? moment::max() : jobs_.begin()->rank_.deadline;
  }
  /// Takes out a job whose deadline has come; null if there is none.
  ranked_job* take_expired(moment now) noexcept {
    if (first() > now || jobs_.empty()) return nullptr;
    ranked_job& job = *jobs_.begin();
    jobs_.erase(jobs_.begin());
    return &job;
  }
  void clear() noexcept { jobs_.clear(); }

 private:
  struct is_earlier {
    bool operator()(const ranked_job& a, const ranked_job& b) const noexcept {
      return a.rank_.deadline < b.rank_.deadline;
    }
  };
  boost::intrusive::multiset<
      ranked_job,
      boost::intrusive::member_hook<ranked_job, ranked_job::set_hook, &ranked_job::by_deadline_>,
      boost::intrusive::compare<is_earlier>, boost::intrusive::constant_time_size<false>>
      jobs_;
};

}  // namespace isolatte::inline v0_1::logic

#endif
