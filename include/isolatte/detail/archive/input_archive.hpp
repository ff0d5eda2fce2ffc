// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_INPUT_ARCHIVE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_INPUT_ARCHIVE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/boost_internals.hpp>
#include <isolatte/detail/archive/foreign_allowance.hpp>
#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/archive/helper_store.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/object_class.hpp>
#include <isolatte/detail/archive/pointer_map.hpp>
#include <isolatte/detail/archive/pointer_tag.hpp>
#include <isolatte/detail/archive/stack_guard.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/archive/type_token.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Loads values that an output_archive of the same program has saved, and trusts none of them.
///
/// Loading gives well-formed objects or throws, whatever the bytes are. The archive
/// - reads no byte beyond the end,
/// - allocates in proportion to the frame,
/// - creates no object of a class that the pointer to it cannot point to,
/// - lets smart pointers of one kind own an object, and
/// - frees an object if the pointer to it does not come to own it.
///
/// The archive cannot check two things. Raw pointers that own may all come to point to one object.
/// A number in a user's load() may be any, so a size should be a
/// boost::serialization::collection_size_type.
class ISOLATTE_DECL input_archive final {
 public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  /// @param in has to outlive the archive
  /// @param memory_limit bounds what the values may allocate, besides the bound that comes with the
  /// size of @p in
  explicit input_archive(std::span<const std::byte> in,
                         std::size_t memory_limit = std::numeric_limits<std::size_t>::max(),
                         function_form functions = function_form::address);
  input_archive(const input_archive&) = delete;
  input_archive& operator=(const input_archive&) = delete;
  ~input_archive();

  template <class T>
  input_archive& operator>>(T&& value) {
    load(value);
    return *this;
  }
  template <class T>
  input_archive& operator&(T&& value) {
    load(value);
    return *this;
  }

  function_form functions() const noexcept { return functions_; }

  /// Throws unless all has been loaded.
  void finish() const {
    if (position_ != end_) throw_malformed("isolatte: the frame is longer than its value");
  }
  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - position_); }

  void load_binary(void* data, std::size_t count) {
    if (count != 0) std::memcpy(data, take(count), count);
  }
  template <class T>
  void load_array(const bs::array_wrapper<T>& array, unsigned int /*version*/) {
    load_elements(array.address(), array.count());
  }

  /// Steps over bytes and says where they are.
  const std::byte* take(std::size_t count) {
    if (count > remaining()) throw_malformed("isolatte: the frame is shorter than its value");
    return std::exchange(position_, position_ + count);
  }
  unsigned char load_byte() { return static_cast<unsigned char>(*take(1)); }
  bool load_flag() {
    unsigned char const value = load_byte();
    if (value > 1) throw_malformed("isolatte: a bool in the frame is neither false nor true");
    return value == 1;
  }
  std::uint64_t load_size() {
    if (position_ != end_ && static_cast<unsigned char>(*position_) < 0x80) return load_byte();
    return load_large_size();
  }
  /// Loads how many elements follow. @p cost is the memory that each of them takes.
  std::size_t load_count(std::size_t cost) {
    std::uint64_t const count = load_size();
    charge(count, cost);
    return static_cast<std::size_t>(count);
  }
  template <class T>
  void load_elements(T* first, std::size_t count) {
    if constexpr (plain<T>) {
      if (count > remaining() / sizeof(T))
        throw_malformed("isolatte: the frame is shorter than its value");
      load_binary(static_cast<void*>(const_cast<std::remove_const_t<T>*>(first)),
                  count * sizeof(T));
    } else {
      for (; count != 0; --count) *this >> *first++;
    }
  }

  /// Loads the object of a pointer. T may be any transportable type; operator>> takes pointers to
  /// classes only.
  template <class T>
  T* load_pointer();

  /// Makes a class known. The program has to do it at the same place in saving and in loading.
  template <class T>
  void register_type(const T* = nullptr) {
    register_class(heap_class_of<T>);
  }
  template <class Helper>
  Helper& get_helper(void* const id = nullptr) {
    return helpers_.get<Helper>(id);
  }
  unsigned int get_flags() const noexcept { return 0; }
  template <class Version = bs::library_version_type>
  Version get_library_version() const {
    return Version(boost_library_version());
  }

  /// Counts steps of a loop that may be long for a short frame: a hostile one must not occupy its
  /// reader for hours.
  void spend(std::uint64_t steps) {
    if (steps > steps_left_) throw_malformed("isolatte: the value takes too long to load");
    steps_left_ -= steps;
  }

  foreign_allowance& foreign_categories() noexcept { return foreign_; }

  // An object may move or end before the others are loaded. Pointers to it are loaded later, so the
  // archive has to be told.

  /// Marks the point from which on tracked objects are new.
  std::size_t mark() const noexcept { return objects_.size(); }
  /// Says that @p object and all within it has moved.
  template <class T>
  void moved(std::size_t mark, const T* object, const T* to) {
    if (mark != objects_.size()) move_objects(mark, object, sizeof(T), to);
  }
  /// Says that @p object and all within it has ended.
  template <class T>
  void ended(std::size_t mark, const T* object) {
    if (mark != objects_.size()) move_objects(mark, object, sizeof(T), nullptr);
  }
  template <class T, class U>
  void reset_object_address(const T* new_address, const U* old_address) {
    if constexpr (std::is_class_v<U> && !plain<U>)
      if (recent_ < objects_.size()) move_objects(recent_, old_address, sizeof(U), new_address);
  }
  /// The innermost of the ranges whose objects are going to move.
  const held_range*& held_ranges() noexcept { return held_; }

  // The smart pointers' carriers call these after load_pointer().

  /// Makes the caller the only owner.
  void claim_unique();
  std::shared_ptr<void> claim_shared();
  /// Finds or keeps the owner for smart pointers that share, and are no std::shared_ptr.
  template <class Owner>
  Owner& claim_for(Owner (*own)(void* object, void (*destroy)(void* object))) {
    foreign_claim const claim = claim_foreign(&type_token<Owner>);
    if (!*claim.owner)
      *claim.owner = std::make_shared<Owner>(own(claim.object, claim.objects->destroy));
    return *static_cast<Owner*>(claim.owner->get());
  }

  /// heap_class::load calls this when the object exists and its contents come next.
  void constructed() noexcept;

 private:
  template <class T>
  void load(T& maybe_const) {
    using value_type = std::remove_const_t<T>;
    auto& value = const_cast<value_type&>(maybe_const);
    if constexpr (std::is_same_v<value_type, bool>) {
      value = load_flag();
    } else if constexpr (flag_like<value_type>) {
      value = static_cast<value_type>(load_flag());
    } else if constexpr (is_boost_count<value_type>) {
      value = value_type(load_count(item_cost_));
    } else if constexpr (is_boost_item_version<value_type>) {
      value = value_type(static_cast<unsigned int>(load_size()));
    } else if constexpr (plain<value_type>) {
      load_binary(static_cast<void*>(std::addressof(value)), sizeof value);
    } else if constexpr (check_transportable<value_type>()) {
      stack_.check();
      if constexpr (carried<value_type>) {
        carrier<value_type>::load(*this, value);
      } else if constexpr (std::is_pointer_v<value_type>) {
        using object_type = std::remove_const_t<std::remove_pointer_t<value_type>>;
        value = nullptr;
        value = load_pointer<object_type>();
      } else if constexpr (std::is_array_v<value_type>) {
        load_elements(&value[0], std::extent_v<value_type>);
      } else if constexpr (is_nvp<value_type>) {
        load(value.value());
      } else {
        static_assert(!std::is_const_v<T> || is_boost_wrapper<value_type>(),
                      "isolatte: cannot load into a const object");
        auto const cost = std::exchange(item_cost_, item_cost_of<value_type>());
        if constexpr (level_of<value_type>() < bs::object_class_info &&
                      tracking_of<value_type>() == bs::track_never)
          load_parts<value_type>(*this, std::addressof(value));
        else
          load_object(std::addressof(value), object_class_of<value_type>);
        item_cost_ = cost;
      }
    }
  }

  struct object_record {
    std::byte* address;
    /// Null if Boost.Serialization knows nothing of the type: `objects` tells it then.
    const object_class* parts;
    /// Null for an object within another.
    const heap_class* objects;
    enum { raw, loading, complete, gone } state;
    enum { nobody, one, several, foreign } owner;
    std::uint32_t share;
  };
  struct foreign_claim {
    std::shared_ptr<void>* owner;
    void* object;
    const heap_class* objects;
  };
  static constexpr std::size_t untracked = std::numeric_limits<std::size_t>::max();
  /// The object of the last pointer that was not null.
  struct recent_pointer {
    void* object = nullptr;
    const heap_class* objects = nullptr;
    std::size_t index = untracked;
  };
  struct share_record {
    std::shared_ptr<void> owner;
    const void* kind;
  };
  /// A class to whose objects a pointer to a base class may point. The base class is at the same
  /// offset in all of them; the first object tells it.
  struct checked_cast {
    const heap_class* from;
    const std::type_info* to;
    std::optional<std::ptrdiff_t> offset;
  };
  class creation;

  std::uint64_t load_large_size();
  void charge(std::uint64_t count, std::size_t cost) {
    if (count > memory_left_ / cost) throw_malformed("isolatte: the value claims too much memory");
    memory_left_ -= static_cast<std::size_t>(count) * cost;
  }
  void load_object(void* object, const object_class& parts);
  void* load_simple_pointer(const heap_class& objects);
  void* load_object_pointer(const pointer_target& target);
  void* load_alias(const pointer_target* target, const heap_class* objects);
  void* create(const heap_class& objects, bool tracked);
  const heap_class& load_class(std::uint64_t index, const pointer_target& target);
  static bool is_base(const heap_class& of, const pointer_target& what);
  static void* to_base(const object_class& from, void* object, const pointer_target& to);
  checked_cast* find_cast(const heap_class& from, const pointer_target& to) noexcept;
  /// Converts a pointer. load_class() has to have found the two classes to be related.
  void* base_of(void* object, const heap_class& objects, const pointer_target& target);
  bool load_tracking(const object_class& parts);
  bool is_held(const std::byte* address) const noexcept;
  void move_objects(std::size_t mark, const void* from, std::size_t size, const void* to);
  /// The heap object of which an object is a part; the object itself if there is none.
  object_record& whole_of(std::size_t index);
  foreign_claim claim_foreign(const void* kind);
  void register_class(const heap_class& objects);
  static unsigned int boost_library_version();

  const std::byte* position_;
  const std::byte* end_;
  std::size_t memory_left_;
  std::size_t item_cost_ = unknown_item_cost;
  stack_guard stack_;
  const held_range* held_ = nullptr;
  std::vector<object_record> objects_;
  std::size_t recent_ = 0;
  std::uint64_t steps_left_;
  recent_pointer last_pointer_;
  creation* creation_ = nullptr;
  /// A load has failed half-way. Recorded addresses may dangle, so aliases are refused.
  bool broken_ = false;
  function_form functions_;
  std::vector<share_record> shares_;
  foreign_allowance foreign_;
  pointer_map tracked_;
  pointer_map class_indices_;
  std::vector<const heap_class*> classes_;
  std::vector<checked_cast> checked_casts_;
  helper_store helpers_;
};

template <class T>
void load_new_object(input_archive& ar, void* memory) {
  T* const object = static_cast<T*>(memory);
  if constexpr (left_to_boost<T>) {
    bs::load_construct_data_adl(ar, object, version_of<T>());
    ar.constructed();
    load_parts<T>(ar, memory);
  } else {
    construct_item(ar, object);
    ar.constructed();
    if constexpr (!made_whole<T>) ar >> *object;
  }
}

template <class T>
T* input_archive::load_pointer() {
  if constexpr (!left_to_boost<T>) {
    return static_cast<T*>(load_simple_pointer(heap_class_of<T>));
  } else {
    static_cast<void>(&by_pointer_from_the_start<T>);
    return static_cast<T*>(load_object_pointer(pointer_target_to<T>));
  }
}

}  // namespace isolatte::inline v0_1::detail

/// make_array() leaves arrays to load_array().
template <>
struct boost::serialization::use_array_optimization<isolatte::detail::input_archive> {
  template <class T>
  struct apply : boost::mpl::bool_<isolatte::detail::plain<T>> {};
};

#endif
