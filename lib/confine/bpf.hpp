// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_LIB_CONFINE_BPF_HPP
#define ISOLATTE_LIB_CONFINE_BPF_HPP

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace isolatte::inline v0_1::confine {

/// Assembles a filter that the kernel runs at each system call. Jumps go forwards, to labels; those
/// with a condition reach no further than 255 instructions.
class bpf_assembler {
 public:
  using label = std::size_t;
  /// The instruction after the jump.
  static constexpr label next = std::numeric_limits<label>::max();

  label make_label() {
    places_.push_back(0);
    return places_.size() - 1;
  }
  void place(label at) { places_[at] = code_.size(); }

  void load_number() { load(offsetof(seccomp_data, nr)); }
  void load_architecture() { load(offsetof(seccomp_data, arch)); }
  /// Loads the lower half of an argument. The kernel ignores the upper half of an int.
  void load_argument(unsigned which) { load(offsetof(seccomp_data, args) + 8 * which); }
  void load_upper_half(unsigned which) { load(offsetof(seccomp_data, args) + 8 * which + 4); }
  /// Copies what has been loaded, to no effect.
  void copy() { add(BPF_MISC | BPF_TAX, 0); }
  void keep_bits(std::uint32_t mask) { add(BPF_ALU | BPF_AND | BPF_K, mask); }

  /// @return where the constant stands, to be replaced
  std::uint16_t if_equal(std::uint32_t constant, label then, label otherwise = next) {
    return jump(BPF_JEQ, constant, then, otherwise);
  }
  void if_at_least(std::uint32_t constant, label then, label otherwise = next) {
    jump(BPF_JGE, constant, then, otherwise);
  }
  void go_to(label where) {
    jumps_.push_back({code_.size(), where, where, true});
    add(BPF_JMP | BPF_JA, 0);
  }
  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }

  /// @return the code; all labels have to be placed
  /// @throws std::length_error if a jump with a condition is too long
  std::vector<sock_filter> assemble() && {
    for (auto const& each : jumps_) {
      auto const distance = [&](label to) {
        return to == next ? 0U : static_cast<unsigned>(places_[to] - each.at - 1);
      };
      if (each.always) {
        code_[each.at].k = distance(each.then);
      } else {
        if (distance(each.then) > longest_jump || distance(each.otherwise) > longest_jump)
          throw std::length_error{"isolatte: a jump of a filter is too long"};
        code_[each.at].jt = static_cast<std::uint8_t>(distance(each.then));
        code_[each.at].jf = static_cast<std::uint8_t>(distance(each.otherwise));
      }
    }
    return std::move(code_);
  }

 private:
  static constexpr unsigned longest_jump = 255;
  struct pending_jump {
    std::size_t at;
    label then;
    label otherwise;
    bool always;
  };

  void add(int code, std::uint32_t k) {
    code_.push_back({static_cast<std::uint16_t>(code), 0, 0, k});
  }
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  }
  std::uint16_t jump(int condition, std::uint32_t k, label then, label otherwise) {
    jumps_.push_back({code_.size(), then, otherwise, false});
    add(BPF_JMP | condition | BPF_K, k);
    return static_cast<std::uint16_t>(code_.size() - 1);
  }

  std::vector<sock_filter> code_;
  std::vector<std::size_t> places_;
  std::vector<pending_jump> jumps_;
};

}  // namespace isolatte::inline v0_1::confine

#endif
