// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_OUTPUT_ARCHIVE_HPP
#define ISOLATTE_DETAIL_ARCHIVE_OUTPUT_ARCHIVE_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/boost_internals.hpp>
#include <isolatte/detail/archive/function_form.hpp>
#include <isolatte/detail/archive/helper_store.hpp>
#include <isolatte/detail/archive/item.hpp>
#include <isolatte/detail/archive/memory_cost.hpp>
#include <isolatte/detail/archive/object_class.hpp>
#include <isolatte/detail/archive/pointer_map.hpp>
#include <isolatte/detail/archive/pointer_tag.hpp>
#include <isolatte/detail/archive/stack_guard.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <typeinfo>
#include <unordered_map>
#include <utility>
#include <vector>

namespace isolatte::inline v0_1::detail {

/// Saves values to a byte_buffer, for an input_archive of the same program.
///
/// The archive has the interface that Boost.Serialization asks of any. From Boost it uses the
/// templates that find a class's serialize(). Objects and classes are numbered here, not by Boost:
/// the reader has to check every number.
class ISOLATTE_DECL output_archive final {
 public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  explicit output_archive(byte_buffer& out, function_form functions = function_form::address);
  output_archive(const output_archive&) = delete;
  output_archive& operator=(const output_archive&) = delete;
  ~output_archive();

  template <class T>
  output_archive& operator<<(const T& value) {
    save(value);
    return *this;
  }
  template <class T>
  output_archive& operator&(const T& value) {
    save(value);
    return *this;
  }

  function_form functions() const noexcept { return functions_; }

  /// Ends the frame. Nothing may be saved afterwards.
  void finish();

  void save_binary(const void* data, std::size_t count) { out_.append(data, count); }
  template <class T>
  void save_array(const bs::array_wrapper<T>& array, unsigned int /*version*/) {
    save_elements(array.address(), array.count());
  }

  void save_byte(unsigned char value) { out_.push_back(static_cast<std::byte>(value)); }
  void save_size(std::uint64_t value) {
    if (value < 0x80)
      save_byte(static_cast<unsigned char>(value));
    else
      save_large_size(value);
  }
  /// Saves how many elements follow. @p cost is the memory that each of them takes.
  void save_count(std::size_t count, std::size_t cost) {
    charge(count, cost);
    save_size(count);
  }
  template <class T>
  void save_elements(const T* first, std::size_t count) {
    if constexpr (plain<T>)
      save_binary(first, count * sizeof(T));
    else
      for (; count != 0; --count) *this << *first++;
  }

  /// Saves the object of a pointer, or that it is null. T may be any transportable type; operator<<
  /// takes pointers to classes only.
  /// @return whether other pointers will be recognised as pointing to the object, by its address
  template <class T>
  bool save_pointer(const T* object);
  /// Owns an object until the archive ends. Otherwise another object could come to have its
  /// address, and would be taken for it.
  template <class Shared>
  void keep(const Shared& pointer) {
    if constexpr (std::is_convertible_v<const Shared&, std::shared_ptr<const void>>)
      kept_.push_back(pointer);
    else
      kept_.push_back(std::make_shared<const Shared>(pointer));
  }

  /// Makes a class known. The program has to do it at the same place in saving and in loading.
  template <class T>
  void register_type(const T* = nullptr) {
    static_cast<void>(&by_pointer_from_the_start<T>);
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

 private:
  template <class T>
  void save(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      save_byte(value ? 1 : 0);
    } else if constexpr (flag_like<T>) {
      save(static_cast<bool>(value));
    } else if constexpr (is_boost_count<T>) {
      save_count(value, item_cost_);
    } else if constexpr (is_boost_item_version<T>) {
      save_size(value);
    } else if constexpr (plain<T>) {
      save_binary(std::addressof(value), sizeof value);
    } else if constexpr (check_transportable<T>()) {
      stack_.check();
      if constexpr (carried<T>) {
        carrier<T>::save(*this, value);
      } else if constexpr (std::is_pointer_v<T>) {
        save_pointer(value);
      } else if constexpr (std::is_array_v<T>) {
        save_elements(&value[0], std::extent_v<T>);
      } else if constexpr (is_nvp<T>) {
        save(value.const_value());
      } else {
        auto const cost = std::exchange(item_cost_, item_cost_of<T>());
        if constexpr (level_of<T>() < bs::object_class_info && tracking_of<T>() == bs::track_never)
          save_parts<T>(*this, std::addressof(value));
        else
          save_object(std::addressof(value), object_class_of<T>);
        item_cost_ = cost;
      }
    }
  }

  void save_large_size(std::uint64_t value);
  void charge(std::size_t count, std::size_t cost) noexcept;
  void register_class(const heap_class& objects);
  void save_object(const void* object, const object_class& parts);
  bool save_simple_pointer(const void* object, const heap_class& objects);
  /// @param whole the most derived object, or null for a null pointer
  /// @param type the type of that object
  /// @return whether the object has been recorded
  bool save_object_pointer(const void* whole, const std::type_info& type,
                           const pointer_target& target);
  const heap_class& find_class(const std::type_info& type);
  bool save_tracking(const object_class& parts);
  static unsigned int boost_library_version();

  struct object_key {
    const void* address;
    const std::type_info* type;
    bool operator==(const object_key& other) const noexcept {
      return address == other.address && *type == *other.type;
    }
  };
  struct object_hash {
    std::size_t operator()(const object_key& key) const noexcept;
  };
  struct object_record {
    std::uint32_t id;
    bool by_pointer;
  };

  byte_buffer& out_;
  std::size_t begin_;
  std::size_t footprint_ = 0;
  std::size_t item_cost_ = unknown_item_cost;
  stack_guard stack_;
  function_form functions_;
  std::unordered_map<object_key, object_record, object_hash> objects_;
  pointer_map tracked_;
  pointer_map class_indices_;
  std::vector<const heap_class*> classes_;
  helper_store helpers_;
  std::vector<std::shared_ptr<const void>> kept_;
};

template <class T>
bool output_archive::save_pointer(const T* object) {
  if constexpr (!left_to_boost<T>) {
    return save_simple_pointer(object, heap_class_of<T>);
  } else {
    static_cast<void>(&by_pointer_from_the_start<T>);
    if constexpr (!std::is_polymorphic_v<T>)
      return save_object_pointer(object, typeid(T), pointer_target_to<T>);
    else if (object)
      return save_object_pointer(dynamic_cast<const void*>(object), typeid(*object),
                                 pointer_target_to<T>);
    else
      return save_object_pointer(nullptr, typeid(T), pointer_target_to<T>);
  }
}

}  // namespace isolatte::inline v0_1::detail

/// make_array() leaves arrays to save_array().
template <>
struct boost::serialization::use_array_optimization<isolatte::detail::output_archive> {
  template <class T>
  struct apply : boost::mpl::bool_<isolatte::detail::plain<T>> {};
};

#endif
