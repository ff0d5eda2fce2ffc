// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_DETAIL_ARCHIVE_CARRIERS_HPP
#define ISOLATTE_DETAIL_ARCHIVE_CARRIERS_HPP

#include <isolatte/config.hpp>
#include <isolatte/detail/archive/common.hpp>
#include <isolatte/detail/archive/transportable.hpp>
#include <isolatte/detail/vocabulary/malformed_frame.hpp>

#include <boost/mpl/at.hpp>
#include <boost/mpl/size.hpp>
#include <boost/optional/optional_fwd.hpp>
#include <boost/smart_ptr/scoped_ptr.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <boost/smart_ptr/weak_ptr.hpp>
#include <boost/system/error_code.hpp>
#include <boost/variant/variant_fwd.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <valarray>
#include <variant>
#include <vector>
#include <version>
#ifdef __cpp_lib_expected
#include <expected>
#endif

namespace boost::variant2 {
template <class... T>
class variant;
template <std::size_t I>
struct in_place_index_t;
}  // namespace boost::variant2

namespace isolatte::detail {

// Plain ones

/// @cond
template <class T>
inline constexpr bool is_plain_standard<std::complex<T>> = plain<T>;
template <class T, std::size_t N>
inline constexpr bool is_plain_standard<std::array<T, N>> = N != 0 && plain<T>;
template <class Rep, class Period>
inline constexpr bool is_plain_standard<std::chrono::duration<Rep, Period>> = plain<Rep>;
template <class Clock, class Duration>
inline constexpr bool is_plain_standard<std::chrono::time_point<Clock, Duration>> = plain<Duration>;
/// @endcond

// Nothing at all

template <class T>
struct empty_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = true;
  template <class Ar>
  static void save(Ar&, const T&) {}
  template <class Ar>
  static void load(Ar&, T& value) {
    value = T();
  }
};
template <>
struct carrier<std::monostate> : empty_carrier<std::monostate> {};
template <>
struct carrier<std::nullptr_t> : empty_carrier<std::nullptr_t> {};
template <>
struct carrier<std::nullopt_t> {
  static constexpr bool given = false;
};

// Strings and sequences

template <class C, class Traits, class A>
struct carrier<std::basic_string<C, Traits, A>> {
  using string = std::basic_string<C, Traits, A>;
  static constexpr bool given = true;
  static constexpr bool complete = plain<C>;

  template <class Ar>
  static void save(Ar& ar, const string& value) {
    ar.save_count(value.size(), sizeof(C));
    ar.save_binary(value.data(), value.size() * sizeof(C));
  }
  template <class Ar>
  static void load(Ar& ar, string& value) {
    std::size_t const size = ar.load_count(sizeof(C));
    if (size > ar.remaining() / sizeof(C)) throw_malformed("isolatte: a string exceeds its frame");
    value.resize(size);
    ar.load_binary(value.data(), size * sizeof(C));
  }
};

template <class Ar, class Sequence>
void save_items(Ar& ar, const Sequence& items) {
  for (auto const& item : items) save_item(ar, item);
}

template <class Ar, class Sequence>
void append_items(Ar& ar, Sequence& items, std::size_t count) {
  using item_type = typename Sequence::value_type;
  for (; count != 0; --count) {
    if constexpr (std::is_default_constructible_v<item_type>) {
      ar >> items.emplace_back();
    } else {
      held<item_type> item(ar);
      items.push_back(std::move(item.value()));
      item.moved_to(ar, std::addressof(items.back()));
    }
  }
}

template <class T, class A>
struct carrier<std::vector<T, A>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const std::vector<T, A>& value) {
    ar.save_count(value.size(), sizeof(T));
    if constexpr (plain<T>)
      ar.save_elements(value.data(), value.size());
    else
      save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::vector<T, A>& value) {
    std::size_t const size = ar.load_count(sizeof(T));
    value.clear();
    if constexpr (plain<T> && std::is_default_constructible_v<T>) {
      load_plain(ar, value, size);
    } else {
      value.reserve(size);
      append_items(ar, value, size);
    }
  }

  template <class Ar>
  static void load_plain(Ar& ar, std::vector<T, A>& value, std::size_t size) {
    if (size > ar.remaining() / sizeof(T)) throw_malformed("isolatte: a vector exceeds its frame");
    const std::byte* const bytes = ar.take(size * sizeof(T));
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(T) == 0) {
        // Spares setting all to zero first.
        auto const* const items = reinterpret_cast<const T*>(bytes);
        return value.assign(items, items + size);
      }
    }
    value.resize(size);
    if (size != 0) std::memcpy(static_cast<void*>(value.data()), bytes, size * sizeof(T));
  }
};

/// Bits, eight in a byte.
template <class Ar, class Bits>
void save_bits(Ar& ar, const Bits& bits) {
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned byte = 0;
    for (std::size_t j = 0; j < 8 && i + j < bits.size(); ++j)
      byte |= static_cast<unsigned>(bits[i + j]) << j;
    ar.save_byte(static_cast<unsigned char>(byte));
  }
}

template <class Ar, class Bits>
void load_bits(Ar& ar, Bits& bits) {
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    unsigned byte = ar.load_byte();
    for (std::size_t j = 0; j < 8 && i + j < bits.size(); ++j, byte >>= 1)
      bits[i + j] = (byte & 1) != 0;
    if (bits.size() - i < 8 && byte != 0)
      throw_malformed("isolatte: there are bits beyond the last");
  }
}

template <class A>
struct carrier<std::vector<bool, A>> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const std::vector<bool, A>& value) {
    ar.save_count(value.size(), 1);
    save_bits(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::vector<bool, A>& value) {
    std::size_t const size = ar.load_count(1);
    if (size / 8 + (size % 8 != 0) > ar.remaining())
      throw_malformed("isolatte: a vector exceeds its frame");
    value.assign(size, false);
    load_bits(ar, value);
  }
};

template <std::size_t N>
struct carrier<std::bitset<N>> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const std::bitset<N>& value) {
    save_bits(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::bitset<N>& value) {
    load_bits(ar, value);
  }
};

template <class Sequence>
struct sequence_carrier {
  using item_type = typename Sequence::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<item_type>;

  template <class Ar>
  static void save(Ar& ar, const Sequence& value) {
    ar.save_count(value.size(), sizeof(item_type) + node_cost);
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, Sequence& value) {
    std::size_t const size = ar.load_count(sizeof(item_type) + node_cost);
    value.clear();
    append_items(ar, value, size);
  }
};
template <class T, class A>
struct carrier<std::deque<T, A>> : sequence_carrier<std::deque<T, A>> {};
template <class T, class A>
struct carrier<std::list<T, A>> : sequence_carrier<std::list<T, A>> {};

template <class T, class A>
struct carrier<std::forward_list<T, A>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const std::forward_list<T, A>& value) {
    auto const size = std::distance(value.begin(), value.end());
    ar.save_count(static_cast<std::size_t>(size), sizeof(T) + node_cost);
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::forward_list<T, A>& value) {
    std::size_t count = ar.load_count(sizeof(T) + node_cost);
    value.clear();
    auto last = value.before_begin();
    for (; count != 0; --count) {
      if constexpr (std::is_default_constructible_v<T>) {
        last = value.emplace_after(last);
        ar >> *last;
      } else {
        held<T> item(ar);
        last = value.insert_after(last, std::move(item.value()));
        item.moved_to(ar, std::addressof(*last));
      }
    }
  }
};

template <class T>
struct carrier<std::valarray<T>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const std::valarray<T>& value) {
    ar.save_count(value.size(), sizeof(T));
    if (value.size() != 0) ar.save_elements(&value[0], value.size());
  }
  template <class Ar>
  static void load(Ar& ar, std::valarray<T>& value) {
    std::size_t const size = ar.load_count(sizeof(T));
    if (plain<T> && size > ar.remaining() / sizeof(T))
      throw_malformed("isolatte: a valarray exceeds its frame");
    value.resize(size);
    if (size != 0) ar.load_elements(&value[0], size);
  }
};

// Sorted and hashed containers

template <class Container>
inline constexpr bool has_complete_items = transportable<typename Container::key_type>;
template <class Container>
  requires requires { typename Container::mapped_type; }
inline constexpr bool has_complete_items<Container> =
    transportable<typename Container::key_type> && transportable<typename Container::mapped_type>;

template <class Container>
struct key_carrier {
  using key_type = typename Container::key_type;
  static constexpr bool is_map = requires { typename Container::mapped_type; };
  static constexpr bool is_hashed = requires { typename Container::hasher; };
  static constexpr std::size_t cost = sizeof(typename Container::value_type) + node_cost;

  static constexpr bool given = true;
  static constexpr bool complete = has_complete_items<Container>;

  template <class Ar>
  static void save(Ar& ar, const Container& value) {
    ar.save_count(value.size(), cost);
    for (auto const& item : value) {
      if constexpr (is_map) {
        save_item(ar, item.first);
        save_item(ar, item.second);
      } else {
        save_item(ar, item);
      }
    }
  }

  template <class Ar>
  static void load(Ar& ar, Container& value) {
    std::size_t const size = ar.load_count(cost);
    value.clear();
    if constexpr (is_hashed) value.reserve(size);
    auto last = value.end();
    std::uint64_t probes = 0;
    for (std::size_t count = size; count != 0; --count) {
      held<key_type> key(ar);
      std::size_t const before = value.size();
      // Equal keys follow each other, and need no search then.
      bool const is_near = is_hashed && last != value.end() && same_key(value, *last, key.value());
      auto const hint = !is_hashed || is_near ? (is_hashed ? last : value.end()) : value.end();
      if constexpr (is_map) {
        held<typename Container::mapped_type> item(ar);
        last = value.emplace_hint(hint, std::move(key.value()), std::move(item.value()));
        if (value.size() != before) {
          key.moved_to(ar, std::addressof(last->first));
          item.moved_to(ar, std::addressof(last->second));
        } else {
          key.ended(ar);
          item.ended(ar);
        }
      } else {
        last = value.emplace_hint(hint, std::move(key.value()));
        if (value.size() != before)
          key.moved_to(ar, std::addressof(*last));
        else
          key.ended(ar);
      }
      if constexpr (is_hashed) {
        // Otherwise a frame could keep its reader busy for as long as it likes, with keys that
        // share a hash.
        if (size >= 4096 && !is_near) {
          probes += value.bucket_size(value.bucket(key_of(*last)));
          if (probes / 1024 > value.size() + 4096)
            throw_malformed("isolatte: too many keys of a hashed container share their hash");
        }
      }
    }
  }

 private:
  static const key_type& key_of(const typename Container::value_type& item) {
    if constexpr (is_map)
      return item.first;
    else
      return item;
  }
  static bool same_key(const Container& container, const typename Container::value_type& item,
                       const key_type& key) {
    if constexpr (is_hashed)
      return container.key_eq()(key_of(item), key);
    else
      return false;
  }
};
template <class K, class C, class A>
struct carrier<std::set<K, C, A>> : key_carrier<std::set<K, C, A>> {};
template <class K, class C, class A>
struct carrier<std::multiset<K, C, A>> : key_carrier<std::multiset<K, C, A>> {};
template <class K, class T, class C, class A>
struct carrier<std::map<K, T, C, A>> : key_carrier<std::map<K, T, C, A>> {};
template <class K, class T, class C, class A>
struct carrier<std::multimap<K, T, C, A>> : key_carrier<std::multimap<K, T, C, A>> {};
template <class K, class H, class E, class A>
struct carrier<std::unordered_set<K, H, E, A>> : key_carrier<std::unordered_set<K, H, E, A>> {};
template <class K, class H, class E, class A>
struct carrier<std::unordered_multiset<K, H, E, A>>
    : key_carrier<std::unordered_multiset<K, H, E, A>> {};
template <class K, class T, class H, class E, class A>
struct carrier<std::unordered_map<K, T, H, E, A>> : key_carrier<std::unordered_map<K, T, H, E, A>> {
};
template <class K, class T, class H, class E, class A>
struct carrier<std::unordered_multimap<K, T, H, E, A>>
    : key_carrier<std::unordered_multimap<K, T, H, E, A>> {};

// Adaptors

template <class Adaptor>
struct adaptor_carrier {
  /// Has access to what the adaptor wraps.
  struct insider : Adaptor {
    static auto& container(Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto const& container(const Adaptor& adaptor) { return adaptor.*(&insider::c); }
    static auto const& order(const Adaptor& adaptor) { return adaptor.*(&insider::comp); }
  };
  static constexpr bool given = true;
  static constexpr bool complete = transportable<typename Adaptor::container_type>;

  template <class Ar>
  static void save(Ar& ar, const Adaptor& value) {
    ar << insider::container(value);
  }
  template <class Ar>
  static void load(Ar& ar, Adaptor& value) {
    auto& container = insider::container(value);
    ar >> container;
    if constexpr (requires { typename Adaptor::value_compare; })
      if (!std::is_heap(container.begin(), container.end(), insider::order(value)))
        throw_malformed("isolatte: a priority_queue is in disorder");
  }
};
template <class T, class C>
struct carrier<std::stack<T, C>> : adaptor_carrier<std::stack<T, C>> {};
template <class T, class C>
struct carrier<std::queue<T, C>> : adaptor_carrier<std::queue<T, C>> {};
template <class T, class C, class L>
struct carrier<std::priority_queue<T, C, L>> : adaptor_carrier<std::priority_queue<T, C, L>> {};

// A fixed number of parts

/// Loads all parts, then makes the whole of them.
template <class Whole, class... Parts, class Ar, class... Done>
Whole make_of_parts(Ar& ar, Done&... done) {
  if constexpr (sizeof...(Done) == sizeof...(Parts)) {
    (done.ended(ar), ...);
    return Whole{std::move(done.value())...};
  } else {
    held<std::remove_const_t<std::tuple_element_t<sizeof...(Done), std::tuple<Parts...>>>> next(ar);
    return make_of_parts<Whole, Parts...>(ar, done..., next);
  }
}

template <class T>
auto& without_const(const T& value) {
  return const_cast<T&>(value);
}

template <class T, std::size_t N>
struct carrier<std::array<T, N>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const std::array<T, N>& value) {
    save_items(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::array<T, N>& value) {
    for (T& item : value) load_item(ar, item);
  }
  template <class Ar>
  static std::array<T, N> make(Ar& ar) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return make_of_parts<std::array<T, N>, std::enable_if_t<I + 1 != 0, T>...>(ar);
    }(std::make_index_sequence<N>());
  }
};

template <class T, class U>
struct carrier<std::pair<T, U>> {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<T> && transportable<U>;

  template <class Ar>
  static void save(Ar& ar, const std::pair<T, U>& value) {
    save_item(ar, value.first);
    save_item(ar, value.second);
  }
  template <class Ar>
  static void load(Ar& ar, std::pair<T, U>& value) {
    load_item(ar, without_const(value.first));
    load_item(ar, without_const(value.second));
  }
  template <class Ar>
  static std::pair<T, U> make(Ar& ar) {
    return make_of_parts<std::pair<T, U>, T, U>(ar);
  }
};

template <class... T>
struct carrier<std::tuple<T...>> {
  static constexpr bool given = true;
  static constexpr bool complete = (transportable<T> && ...);

  template <class Ar>
  static void save(Ar& ar, const std::tuple<T...>& value) {
    std::apply([&](const T&... item) { (save_item(ar, item), ...); }, value);
  }
  template <class Ar>
  static void load(Ar& ar, std::tuple<T...>& value) {
    std::apply([&](T&... item) { (load_item(ar, without_const(item)), ...); }, value);
  }
  template <class Ar>
  static std::tuple<T...> make(Ar& ar) {
    return make_of_parts<std::tuple<T...>, T...>(ar);
  }
};

// One of several parts

template <class Optional>
struct optional_carrier {
  using item_type = typename Optional::value_type;
  static constexpr bool given = true;
  static constexpr bool complete = transportable<item_type>;

  template <class Ar>
  static void save(Ar& ar, const Optional& value) {
    ar << value.has_value();
    if (value) save_item(ar, *value);
  }
  template <class Ar>
  static void load(Ar& ar, Optional& value) {
    value.reset();
    if (!ar.load_flag()) return;
    if constexpr (std::is_default_constructible_v<item_type>) {
      value.emplace();
      ar >> without_const(*value);
    } else {
      held<std::remove_const_t<item_type>> item(ar);
      value.emplace(std::move(item.value()));
      item.moved_to(ar, std::addressof(*value));
    }
  }
};
template <class T>
struct carrier<std::optional<T>> : optional_carrier<std::optional<T>> {};
template <class T>
  requires std::is_object_v<T>
struct carrier<boost::optional<T>> : optional_carrier<boost::optional<T>> {};

/// A variant that can say what a std::variant can.
template <class Variant, template <std::size_t> class InPlaceIndex, class... T>
struct variant_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = (transportable<T> && ...);

  template <class Ar>
  static void save(Ar& ar, const Variant& value) {
    if (value.valueless_by_exception()) throw std::bad_variant_access();
    ar.save_size(value.index());
    visit([&](auto const& item) { save_item(ar, item); }, value);
  }
  template <class Ar>
  static void load(Ar& ar, Variant& value) {
    load_alternative<0>(ar, value, ar.load_size());
  }
  template <class Ar>
  static Variant make(Ar& ar) {
    return make_alternative<0>(ar, ar.load_size());
  }

 private:
  template <std::size_t I>
  using alternative = std::remove_const_t<std::tuple_element_t<I, std::tuple<T...>>>;

  template <std::size_t I, class Ar>
  static void load_alternative(Ar& ar, Variant& value, std::uint64_t index) {
    if constexpr (I == sizeof...(T)) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else if (index != I) {
      load_alternative<I + 1>(ar, value, index);
    } else if constexpr (std::is_default_constructible_v<alternative<I>>) {
      ar >> without_const(value.template emplace<I>());
    } else {
      held<alternative<I>> item(ar);
      auto& place = value.template emplace<I>(std::move(item.value()));
      item.moved_to(ar, std::addressof(place));
    }
  }
  template <std::size_t I, class Ar>
  static Variant make_alternative(Ar& ar, std::uint64_t index) {
    if constexpr (I == sizeof...(T)) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else {
      if (index != I) return make_alternative<I + 1>(ar, index);
      held<alternative<I>> item(ar);
      item.ended(ar);
      return Variant(InPlaceIndex<I>(), std::move(item.value()));
    }
  }
};
template <class... T>
struct carrier<std::variant<T...>>
    : variant_carrier<std::variant<T...>, std::in_place_index_t, T...> {};
template <class... T>
struct carrier<boost::variant2::variant<T...>>
    : variant_carrier<boost::variant2::variant<T...>, boost::variant2::in_place_index_t, T...> {};

/// Boost's own way to load it takes any number below zero for an index.
template <class... T>
struct carrier<boost::variant<T...>> {
  using variant = boost::variant<T...>;
  static constexpr bool given = true;
  // A recursive one is among its own alternatives.
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const variant& value) {
    ar.save_size(static_cast<std::uint64_t>(value.which()));
    saver<Ar> const visitor{ar};
    value.apply_visitor(visitor);
  }
  template <class Ar>
  static void load(Ar& ar, variant& value) {
    load_alternative<0>(ar, value, ar.load_size());
  }

 private:
  template <class Ar>
  struct saver {
    using result_type = void;
    Ar& ar;
    template <class Item>
    void operator()(const Item& item) const {
      save_item(ar, item);
    }
  };
  template <class V>
  static constexpr std::size_t size_of =
      static_cast<std::size_t>(boost::mpl::size<typename V::types>::value);
  template <class V, std::size_t I>
  using alternative = typename boost::mpl::at_c<typename V::types, static_cast<long>(I)>::type;

  template <std::size_t I, class Ar, class V>
  static void load_alternative(Ar& ar, V& value, std::uint64_t index) {
    if constexpr (I == size_of<V>) {
      throw_malformed("isolatte: a variant in the frame has no such alternative");
    } else if (index != I) {
      load_alternative<I + 1>(ar, value, index);
    } else {
      held<alternative<V, I>> item(ar);
      value = std::move(item.value());
      item.moved_to(ar, get<alternative<V, I>>(std::addressof(value)));
    }
  }
};

#ifdef __cpp_lib_expected
template <class T, class E>
struct carrier<std::expected<T, E>> {
  static constexpr bool given = true;
  static constexpr bool complete = (std::is_void_v<T> || transportable<T>) && transportable<E>;

  template <class Ar>
  static void save(Ar& ar, const std::expected<T, E>& value) {
    ar << value.has_value();
    if (!value)
      save_item(ar, value.error());
    else if constexpr (!std::is_void_v<T>)
      save_item(ar, *value);
  }
  template <class Ar>
  static void load(Ar& ar, std::expected<T, E>& value) {
    value = make(ar);
  }
  template <class Ar>
  static std::expected<T, E> make(Ar& ar) {
    if (!ar.load_flag()) {
      held<E> error(ar);
      error.ended(ar);
      return std::expected<T, E>(std::unexpect, std::move(error.value()));
    }
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      held<T> item(ar);
      item.ended(ar);
      return std::expected<T, E>(std::in_place, std::move(item.value()));
    }
  }
};
#endif

// Pointers

template <class Pointer, class T>
struct owner_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = !std::is_array_v<T> && !std::is_pointer_v<T> && transportable<T>;

  template <class Ar>
  static void save(Ar& ar, const Pointer& value) {
    ar.save_pointer(const_cast<std::remove_const_t<T>*>(value.get()));
  }
};

template <class Pointer, class T>
struct unique_carrier : owner_carrier<Pointer, T> {
  template <class Ar>
  static void load(Ar& ar, Pointer& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    if (object) ar.claim_unique();
    value.reset(object);
  }
};
template <class T>
struct carrier<std::unique_ptr<T>> : unique_carrier<std::unique_ptr<T>, T> {};
template <class T>
struct carrier<boost::scoped_ptr<T>> : unique_carrier<boost::scoped_ptr<T>, T> {};

template <class T>
struct carrier<std::shared_ptr<T>> : owner_carrier<std::shared_ptr<T>, T> {
  template <class Ar>
  static void load(Ar& ar, std::shared_ptr<T>& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    value = object ? std::shared_ptr<T>(ar.claim_shared(), object) : nullptr;
  }
};

template <class T>
struct carrier<boost::shared_ptr<T>> : owner_carrier<boost::shared_ptr<T>, T> {
  template <class Ar>
  static void load(Ar& ar, boost::shared_ptr<T>& value) {
    T* const object = ar.template load_pointer<std::remove_const_t<T>>();
    if (object)
      value = boost::shared_ptr<T>(ar.template claim_for<boost::shared_ptr<void>>(&own), object);
    else
      value.reset();
  }

 private:
  static boost::shared_ptr<void> own(void* object, void (*destroy)(void*)) {
    return boost::shared_ptr<void>(object, destroy);
  }
};

template <class Weak, class Shared>
struct weak_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = transportable<Shared>;

  template <class Ar>
  static void save(Ar& ar, const Weak& value) {
    ar << Shared(value.lock());
  }
  template <class Ar>
  static void load(Ar& ar, Weak& value) {
    Shared shared;
    ar >> shared;
    value = shared;
  }
};
template <class T>
struct carrier<std::weak_ptr<T>> : weak_carrier<std::weak_ptr<T>, std::shared_ptr<T>> {};
template <class T>
struct carrier<boost::weak_ptr<T>> : weak_carrier<boost::weak_ptr<T>, boost::shared_ptr<T>> {};

// Time, paths, errors

template <class Rep, class Period>
struct carrier<std::chrono::duration<Rep, Period>> {
  static constexpr bool given = !plain<Rep>;
  static constexpr bool complete = transportable<Rep>;

  template <class Ar>
  static void save(Ar& ar, const std::chrono::duration<Rep, Period>& value) {
    ar << Rep(value.count());
  }
  template <class Ar>
  static void load(Ar& ar, std::chrono::duration<Rep, Period>& value) {
    Rep count{};
    ar >> count;
    value = std::chrono::duration<Rep, Period>(count);
  }
};

template <class Clock, class Duration>
struct carrier<std::chrono::time_point<Clock, Duration>> {
  static constexpr bool given = !plain<Duration>;
  static constexpr bool complete = transportable<Duration>;

  template <class Ar>
  static void save(Ar& ar, const std::chrono::time_point<Clock, Duration>& value) {
    ar << value.time_since_epoch();
  }
  template <class Ar>
  static void load(Ar& ar, std::chrono::time_point<Clock, Duration>& value) {
    Duration since{};
    ar >> since;
    value = std::chrono::time_point<Clock, Duration>(since);
  }
};

template <>
struct carrier<std::filesystem::path> {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const std::filesystem::path& value) {
    ar << value.native();
  }
  template <class Ar>
  static void load(Ar& ar, std::filesystem::path& value) {
    std::filesystem::path::string_type text;
    ar >> text;
    value = std::move(text);
  }
};

/// Whether a category is the one of a few that need no message in case they are unknown.
ISOLATTE_DECL bool is_standard_category(const std::error_category& category) noexcept;
ISOLATTE_DECL bool is_standard_category(const boost::system::error_category& category) noexcept;
/// The category of that name, or one that says of the value what the message says.
ISOLATTE_DECL const std::error_category& find_std_category(const std::string& name, int value,
                                                           const std::string& message);
ISOLATTE_DECL const boost::system::error_category& find_boost_category(const std::string& name,
                                                                       int value,
                                                                       const std::string& message);

template <class Error>
struct error_carrier {
  static constexpr bool given = true;
  static constexpr bool complete = true;

  template <class Ar>
  static void save(Ar& ar, const Error& value) {
    ar << value.value() << std::string(value.category().name());
    ar << (is_standard_category(value.category()) ? std::string() : value.message());
  }
  template <class Ar>
  static void load(Ar& ar, Error& value) {
    int number = 0;
    std::string name;
    std::string message;
    ar >> number >> name >> message;
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(value.category())>,
                                 std::error_category>)
      value.assign(number, find_std_category(name, number, message));
    else
      value.assign(number, find_boost_category(name, number, message));
  }
};
template <>
struct carrier<std::error_code> : error_carrier<std::error_code> {};
template <>
struct carrier<std::error_condition> : error_carrier<std::error_condition> {};
template <>
struct carrier<boost::system::error_code> : error_carrier<boost::system::error_code> {
  using base = error_carrier<boost::system::error_code>;

  template <class Ar>
  static void save(Ar& ar, const boost::system::error_code& value) {
    bool const wraps_standard = value.category().name() == std::string_view("std:unknown");
    ar << wraps_standard;
    if (wraps_standard)
      ar << std::error_code(value);
    else
      base::save(ar, value);
  }
  template <class Ar>
  static void load(Ar& ar, boost::system::error_code& value) {
    if (ar.load_flag()) {
      std::error_code wrapped;
      ar >> wrapped;
      value = wrapped;
    } else {
      base::load(ar, value);
    }
  }
};
template <>
struct carrier<boost::system::error_condition> : error_carrier<boost::system::error_condition> {};

}  // namespace isolatte::detail

#endif
