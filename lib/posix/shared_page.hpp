// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_SHARED_PAGE_HPP
#define ISOLATTE_LIB_POSIX_SHARED_PAGE_HPP

#include "posix/descriptor.hpp"
#include "posix/memory_file.hpp"
#include "posix/origin.hpp"
#include "posix/passed_memory.hpp"
#include "posix/process_registry.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace isolatte::inline v0_1::posix {

/// Keeps memory of this process from those that it forks from now on. Does nothing on systems that
/// cannot do so.
/// @return whether it worked; errno tells why not
bool hide_from_children(void* memory, std::size_t size) noexcept;

/// Owns this process's mapping of memory that it shares with another process.
class shared_memory {
 public:
  shared_memory() noexcept = default;
  /// Maps memory that no child inherits unless it is passed to it.
  static shared_memory make(std::size_t size, boost::system::error_code& ec) noexcept;
  /// Makes such memory, next to that of other children if possible.
  static shared_memory make_in_slab(std::size_t size, boost::system::error_code& ec) noexcept;
  /// Maps a file, of this process or of another one's making.
  static shared_memory of_file(std::size_t size, int fd, boost::system::error_code& ec) noexcept;
  shared_memory(shared_memory&& other) noexcept
      : data_{std::exchange(other.data_, nullptr)},
        size_{other.size_},
        hidden_{other.hidden_},
        in_slab_{other.in_slab_},
        origin_{other.origin_} {}
  shared_memory& operator=(shared_memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(hidden_, other.hidden_);
    std::swap(in_slab_, other.in_slab_);
    std::swap(origin_, other.origin_);
    return *this;
  }
  ~shared_memory();

  /// Null in a process that does not have the memory.
  void* data() const noexcept { return is_here() ? data_ : nullptr; }
  std::size_t size() const noexcept { return size_; }
  /// Keeps the memory from processes that this one forks from now on.
  void hide_from_children(boost::system::error_code& ec) noexcept;
  bool is_in_slab() const noexcept { return in_slab_; }

 private:
  shared_memory(void* mapped, std::size_t size, boost::system::error_code& ec) noexcept;

  bool is_here() const noexcept { return !hidden_ || !origin_.is_elsewhere(); }

  void* data_ = nullptr;
  std::size_t size_ = 0;
  bool hidden_ = false;
  bool in_slab_ = false;
  origin origin_;
};

/// One T in memory that two processes share, each of which may be gone, or go wrong, at any time.
template <class T>
class shared_page {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  shared_page() noexcept = default;
  /// Makes one that no child inherits unless it is passed to it.
  static shared_page make(boost::system::error_code& ec) noexcept {
    return shared_page{shared_memory::make(sizeof(T), ec)}.begin();
  }
  /// Makes such a page, next to those of other children if possible.
  static shared_page make_in_slab(boost::system::error_code& ec) noexcept {
    constexpr std::size_t smallest_page = 4096;
    static_assert(sizeof(T) <= smallest_page);
    return shared_page{shared_memory::make_in_slab(sizeof(T), ec)}.begin();
  }
  /// Makes one that can be sent to another process, as the file that it is. No child inherits it.
  static shared_page make_file(descriptor& file, boost::system::error_code& ec) noexcept {
    file = make_memory_file(sizeof(T), ec);
    if (ec) return {};
    // A child that another thread forks meanwhile would have the page, too.
    auto const no_fork = lock_registry();
    shared_page made = of_file(file.get(), ec).begin();
    if (!ec) made.hide_from_children(ec);
    if (ec) return {};
    return made;
  }
  /// Maps one that another process has sent.
  static shared_page of_file(int fd, boost::system::error_code& ec) noexcept {
    return shared_page{shared_memory::of_file(sizeof(T), fd, ec)};
  }

  explicit operator bool() const noexcept { return get() != nullptr; }
  T* get() const noexcept { return static_cast<T*>(memory_.data()); }
  T& operator*() const noexcept { return *get(); }
  T* operator->() const noexcept { return get(); }
  /// Keeps it from processes that this one forks from now on.
  void hide_from_children(boost::system::error_code& ec) noexcept {
    memory_.hide_from_children(ec);
  }
  /// The memory, to be passed to a child.
  passed_memory::part part() const noexcept { return {memory_.data(), memory_.size()}; }
  bool is_in_slab() const noexcept { return memory_.is_in_slab(); }

 private:
  explicit shared_page(shared_memory memory) noexcept : memory_{std::move(memory)} {}
  /// Begins the life of the T in new memory.
  shared_page begin() && noexcept {
    if (memory_.data()) new (memory_.data()) T{};
    return std::move(*this);
  }

  shared_memory memory_;
};

}  // namespace isolatte::inline v0_1::posix

#endif
