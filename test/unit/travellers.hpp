// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#ifndef ISOLATTE_TEST_UNIT_TRAVELLERS_HPP
#define ISOLATTE_TEST_UNIT_TRAVELLERS_HPP

#include <isolatte/serialization.hpp>

#include <boost/serialization/access.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <boost/serialization/variant.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/smart_ptr/make_shared.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <boost/smart_ptr/weak_ptr.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <compare>
#include <complex>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <stack>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <valarray>
#include <variant>
#include <vector>

/// Values of every kind that travels, for the tests that send them and for those that damage them.
namespace travellers {

enum class colour : std::uint16_t { red = 1, green = 2, blue = 0xffff };
enum class huge : long long { least = -1, most = 1LL << 60 };
enum class yes_or_no : bool { no, yes };

struct pixel {
  std::uint8_t r, g, b;
  bool operator==(const pixel&) const = default;
};

/// Has no default constructor, and an order.
class ticket {
 public:
  explicit ticket(int number) : number_{number} {}
  ticket(ticket&&) = default;
  ticket& operator=(ticket&&) = default;
  ticket(const ticket&) = default;
  ticket& operator=(const ticket&) = default;
  int number() const { return number_; }
  auto operator<=>(const ticket&) const = default;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & note_;
  }

 private:
  int number_;
  std::string note_ = "valid";
};

/// Can only be moved, and keeps its serialize() to itself.
class parcel {
 public:
  parcel() = default;
  explicit parcel(std::string content) : content_{new std::string(std::move(content))} {}
  bool operator==(const parcel& other) const {
    return !content_ == !other.content_ && (!content_ || *content_ == *other.content_);
  }

 private:
  friend class boost::serialization::access;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & content_;
  }

  std::unique_ptr<std::string> content_;
};

struct nothing {
  bool operator==(const nothing&) const = default;
  template <class Ar>
  void serialize(Ar&, unsigned) {}
};

struct record {
  int number = 0;
  bool flag = false;
  colour paint = colour::red;
  std::string name;
  std::vector<int> digits;
  std::optional<double> weight;
  std::map<std::string, std::vector<std::string>> index;
  char letters[4] = {};
  bool flags[3] = {};
  bool operator==(const record&) const = default;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & number & flag & paint & name & digits & weight & index & letters & flags;
  }
};

inline record some_record(int seed) {
  record r{seed, true, colour::blue, "name " + std::to_string(seed), {1, 2, seed}, 2.5, {}, {}, {}};
  r.index["a"] = {"x", "yy"};
  r.index["bb"] = {};
  r.letters[0] = 'q';
  r.flags[1] = true;
  return r;
}

// Classes with virtual functions

struct shape {
  virtual ~shape() = default;
  virtual int corners() const = 0;
  int layer = 0;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & layer;
  }
};

struct polygon : shape {
  explicit polygon(int n = 3) : n(n) {}
  int corners() const override { return n; }
  int n;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this) & n;
  }
};

struct group : virtual shape {
  int corners() const override {
    int sum = 0;
    for (auto const& part : parts) sum += part ? part->corners() : 0;
    return sum;
  }
  std::vector<std::unique_ptr<shape>> parts;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this) & parts;
  }
};

/// Has to be told its name when it is made.
class label : public shape {
 public:
  explicit label(std::string text) : text_{std::move(text)} {}
  int corners() const override { return 4; }
  const std::string& text() const { return text_; }

  // A class may see to its own memory.
  static void* operator new(std::size_t size) {
    ++in_use;
    return ::operator new(size);
  }
  static void* operator new(std::size_t, void* place) noexcept { return place; }
  static void operator delete(void* memory) noexcept {
    --in_use;
    ::operator delete(memory);
  }
  static inline int in_use = 0;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
  }

 private:
  std::string text_;
};

/// Exported, but no shape.
struct intruder {
  intruder() { ++made; }
  virtual ~intruder() = default;
  static inline int made = 0;
  std::string text;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & text;
  }
};

struct drawing {
  std::vector<std::unique_ptr<shape>> shapes;
  std::shared_ptr<shape> first;
  std::shared_ptr<const polygon> second;
  std::weak_ptr<shape> third;
  intruder visitor;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & shapes & first & second & third & visitor;
  }
};

inline drawing some_drawing() {
  drawing d;
  d.shapes.push_back(std::make_unique<polygon>(5));
  auto g = std::make_unique<group>();
  g->layer = 7;
  g->parts.push_back(std::make_unique<label>("text"));
  g->parts.push_back(nullptr);
  g->parts.push_back(std::make_unique<polygon>(6));
  d.shapes.push_back(std::move(g));
  auto const shared = std::make_shared<polygon>(8);
  d.first = shared;
  d.second = shared;
  d.third = shared;
  d.visitor.text = "hi";
  return d;
}

struct left_side : virtual shape {
  int corners() const override { return 0; }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
  }
};
struct right_side : virtual shape {
  int corners() const override { return 0; }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<shape>(*this);
  }
};
/// The shape in it is saved twice, and tracked.
struct diamond : left_side, right_side {
  int corners() const override { return 4; }
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar& boost::serialization::base_object<left_side>(*this) &
        boost::serialization::base_object<right_side>(*this);
  }
};

// Graphs

struct person : std::enable_shared_from_this<person> {
  person() { alive().insert(this); }
  person(const person&) = delete;
  person& operator=(const person&) = delete;
  ~person() { alive().erase(this); }

  static std::set<person*>& alive() {
    static std::set<person*> persons;
    return persons;
  }
  /// A damaged graph may have circles, which keep themselves alive.
  static void break_circles() {
    std::vector<std::vector<std::shared_ptr<person>>> children;
    for (person* p : alive()) children.push_back(std::exchange(p->children, {}));
  }

  std::string name;
  std::weak_ptr<person> parent;
  std::vector<std::shared_ptr<person>> children;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & name & parent & children;
  }
};

inline std::shared_ptr<person> some_family() {
  auto root = std::make_shared<person>();
  root->name = "root";
  for (auto name : {"a", "b", "c"}) {
    auto child = std::make_shared<person>();
    child->name = name;
    child->parent = root;
    root->children.push_back(child);
  }
  root->children.push_back(root->children[0]);
  return root;
}

/// Objects that others point to without owning them.
struct town {
  town() = default;
  town(int number, bool capital) : number(number), capital(capital) {}
  int number = 0;
  bool capital = false;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & number & capital;
  }
};
struct map_of_towns {
  std::vector<town> towns;
  std::map<int, town> by_number;
  std::vector<town*> route;
  std::set<int> visited;
  std::optional<std::tuple<int, town>> centre;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & towns & by_number & route & visited & centre;
  }
};

inline map_of_towns some_map() {
  map_of_towns m;
  for (int i = 0; i < 4; ++i) m.towns.emplace_back(i, i == 2);
  for (int i = 10; i < 13; ++i) m.by_number.emplace(i, town(i, false));
  m.route = {&m.towns[3], &m.by_number.at(11), nullptr, &m.towns[0], &m.towns[3]};
  m.visited = {1, 2, 3};
  m.centre.emplace(1, town(99, true));
  return m;
}

struct tree {
  int value = 0;
  std::vector<tree> branches;
  bool operator==(const tree&) const = default;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value & branches;
  }
};

struct list_node {
  int value = 0;
  std::unique_ptr<list_node> next;
  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & value & next;
  }
};

inline list_node some_list(int length) {
  list_node first;
  for (list_node* node = &first; --length > 0; node = node->next.get()) {
    node->next = std::make_unique<list_node>();
    node->next->value = length;
  }
  return first;
}

// One of each

struct containers {
  std::vector<std::string> vector{"a", ""};
  std::vector<nothing> nothings{3};
  std::vector<bool> bits{true, false, true, true, false, false, true, false, true};
  std::deque<ticket> deque{ticket(1), ticket(2)};
  std::list<std::string> list{"x"};
  std::forward_list<ticket> forward_list{ticket(3), ticket(4)};
  std::array<std::string, 2> array{"p", "q"};
  std::array<bool, 2> bools{true, false};
  std::set<std::string> set{"k", "l"};
  std::multiset<ticket> multiset{ticket(5), ticket(5)};
  std::map<ticket, std::string> map{{ticket(6), "six"}, {ticket(7), "seven"}};
  std::multimap<int, parcel> multimap;
  std::unordered_set<std::string> unordered_set{"u", "v"};
  std::unordered_multiset<int> unordered_multiset{1, 1, 2};
  std::unordered_map<std::string, ticket> unordered_map{{"w", ticket(8)}};
  std::unordered_multimap<int, std::string> unordered_multimap{{1, "a"}, {1, "b"}, {2, "c"}};
  std::stack<int> stack{{1, 2, 3}};
  std::queue<std::string> queue{{"x", "y"}};
  std::bitset<13> bitset{0x155};
  bool operator==(const containers&) const = default;

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & vector & nothings & bits & deque & list & forward_list & array & bools;
    ar & set & multiset & map & multimap;
    ar & unordered_set & unordered_multiset & unordered_map & unordered_multimap;
    ar & stack & queue & bitset;
  }
};

inline containers some_containers() {
  containers c;
  c.multimap.emplace(1, parcel("one"));
  c.multimap.emplace(1, parcel());
  return c;
}

struct odds_and_ends {
  std::variant<std::monostate, int, std::string, ticket, record> variant{some_record(3)};
  std::pair<const int, ticket> pair{1, ticket(2)};
  std::tuple<int, ticket, parcel> tuple{1, ticket(2), parcel("p")};
  std::optional<ticket> ticket_optional{ticket(9)};
  std::chrono::milliseconds duration{1500};
  std::chrono::system_clock::time_point time{std::chrono::seconds(7)};
  std::filesystem::path path{"/tmp/a b"};
  std::error_code error = std::make_error_code(std::errc::io_error);
  std::error_condition condition = std::make_error_condition(std::errc::io_error);
  boost::system::error_code boost_error{5, boost::system::system_category()};
  std::wstring wide = L"wide";
  std::u32string utf32 = U"\x1f600";
  long double real = 1.25L;
  std::complex<double> complex{1, 2};
  huge number = huge::most;
  yes_or_no choice = yes_or_no::yes;
  std::unique_ptr<int> unique_int = std::make_unique<int>(5);
  std::shared_ptr<std::string> shared_string = std::make_shared<std::string>("s");
  std::shared_ptr<std::string> same_string = shared_string;
  std::unique_ptr<std::vector<ticket>> tickets =
      std::make_unique<std::vector<ticket>>(2, ticket(3));
  boost::shared_ptr<town> boost_shared{new town(1, true)};
  boost::shared_ptr<town> boost_same{boost_shared};
  boost::weak_ptr<town> boost_weak{boost_shared};
  boost::optional<int> boost_optional{3};
  boost::variant<int, std::string> boost_variant{std::string("v")};

  template <class Ar>
  void serialize(Ar& ar, unsigned) {
    ar & variant & pair & tuple & ticket_optional & duration & time & path & error & condition;
    ar & boost_error & wide & utf32 & real & complex & number & choice & unique_int;
    ar & shared_string & same_string & tickets & boost_shared & boost_same & boost_weak;
    ar & boost_optional & boost_variant;
  }
};

/// A class that the user serialises in two parts, with counts and a size of its own.
class ring {
 public:
  std::vector<std::string> items{"a", "b", "c"};

 private:
  friend class boost::serialization::access;
  template <class Ar>
  void save(Ar& ar, unsigned) const {
    boost::serialization::collection_size_type const count(items.size());
    ar << boost::serialization::make_nvp("count", count);
    for (auto const& item : items) ar << boost::serialization::make_nvp("item", item);
  }
  template <class Ar>
  void load(Ar& ar, unsigned) {
    boost::serialization::collection_size_type count;
    ar >> boost::serialization::make_nvp("count", count);
    if (count > 1000) throw std::out_of_range("too many");
    items.resize(count);
    for (auto& item : items) ar >> boost::serialization::make_nvp("item", item);
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
};

using priority_queue = std::priority_queue<std::string, std::vector<std::string>, std::greater<>>;

inline priority_queue some_queue() {
  priority_queue q;
  for (auto text : {"c", "a", "d", "b"}) q.push(text);
  return q;
}

template <class Ar>
void save_construct_data(Ar& ar, const ticket* t, const unsigned) {
  ar << t->number();
}
template <class Ar>
void load_construct_data(Ar& ar, ticket* t, const unsigned) {
  int number = 0;
  ar >> number;
  ::new (t) ticket(number);
}
template <class Ar>
void save_construct_data(Ar& ar, const label* l, const unsigned) {
  ar << l->text();
}
template <class Ar>
void load_construct_data(Ar& ar, label* l, const unsigned) {
  std::string text;
  ar >> text;
  if (text.size() > 100) throw std::length_error("no label is that long");
  ::new (l) label(text);
}

}  // namespace travellers

template <>
struct std::hash<travellers::ticket> {
  std::size_t operator()(const travellers::ticket& t) const noexcept {
    return static_cast<std::size_t>(t.number());
  }
};

BOOST_IS_BITWISE_SERIALIZABLE(travellers::pixel)
BOOST_SERIALIZATION_ASSUME_ABSTRACT(travellers::shape)
BOOST_CLASS_EXPORT_KEY(travellers::polygon)
BOOST_CLASS_EXPORT_KEY(travellers::group)
BOOST_CLASS_EXPORT_KEY(travellers::label)
BOOST_CLASS_EXPORT_KEY(travellers::diamond)
BOOST_CLASS_EXPORT_KEY(travellers::intruder)

#endif
