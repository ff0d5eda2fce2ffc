// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_POSIX_BIRTH_NUMBERS_HPP
#define ISOLATTE_LIB_POSIX_BIRTH_NUMBERS_HPP

#include "posix/descriptor.hpp"
#include "posix/shared_page.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace isolatte::inline v0_1::posix {

/// The kernel writes the numbers of the children there that a template makes. The program looks
/// there if the template ends before its replies are read.
///
/// The program and the template share it, and none of the children does: one that could write there
/// would choose which process the program ends and reaps in its place.
struct birth_number_data {
  std::array<std::atomic<int>, 64> numbers;
};

/// The program's side of it. Outlived by its places, which may be given back by any thread.
class birth_numbers : public std::enable_shared_from_this<birth_numbers> {
 public:
  /// So many children can be asked for at once.
  static constexpr std::size_t count = std::tuple_size_v<decltype(birth_number_data::numbers)>;

  /// One child's place, given back when destroyed: the template must not be about to make the child
  /// then.
  class place {
   public:
    place() noexcept = default;
    place(place&& other) noexcept : of_{std::move(other.of_)}, index_{other.index_} {}
    place& operator=(place&& other) noexcept {
      std::swap(of_, other.of_);
      std::swap(index_, other.index_);
      return *this;
    }
    ~place() {
      if (of_) of_->taken_ &= ~(std::uint64_t{1} << index_);
    }

    explicit operator bool() const noexcept { return of_ != nullptr; }
    bool is_of(const birth_numbers& which) const noexcept { return of_.get() == &which; }
    std::uint16_t index() const noexcept { return index_; }
    /// 0 until the child has been made.
    const std::atomic<int>& number() const noexcept { return of_->page_->numbers[index_]; }

   private:
    friend birth_numbers;
    place(std::shared_ptr<birth_numbers> of, std::uint16_t index) noexcept
        : of_{std::move(of)}, index_{index} {}

    std::shared_ptr<birth_numbers> of_;
    std::uint16_t index_ = 0;
  };

  /// @param file becomes what the template is to be sent
  /// @throws std::bad_alloc
  static std::shared_ptr<birth_numbers> make(descriptor& file, boost::system::error_code& ec);
  explicit birth_numbers(shared_page<birth_number_data> page) noexcept : page_{std::move(page)} {}

  /// @return an empty one if all are taken
  place take() noexcept;

 private:
  shared_page<birth_number_data> page_;
  /// A bit for each place.
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace isolatte::inline v0_1::posix

#endif
