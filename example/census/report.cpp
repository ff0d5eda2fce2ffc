// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "report.hpp"

#include "text.hpp"

#include <isolatte/ending.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace census {

namespace {

constexpr int width = 90;
constexpr std::size_t most_rows = 6;

class report {
 public:
  report(std::ostream& out, const account& all, bool colour)
      : out_{out}, all_{all}, result_{all.result}, sums_{all.sums}, colour_{colour} {}

  void write() {
    write_head();
    write_endings();
    write_fates();
    write_ranking("What they threw", sums_.exceptions);
    write_ranking("What they wrote to standard error", sums_.complaints);
    write_fault();
    write_directory();
    write_condition();
  }

 private:
  enum class style { plain, bold, dim, good, bad, odd };

  std::string styled(style how, const std::string& text) const {
    static constexpr const char* codes[] = {"",         "\033[1m",  "\033[2m",
                                            "\033[32m", "\033[31m", "\033[33m"};
    if (!colour_ || how == style::plain) return text;
    return codes[static_cast<int>(how)] + text + "\033[0m";
  }

  static style style_of(isolatte::ending how) {
    switch (how) {
      case isolatte::ending::returned: return style::good;
      case isolatte::ending::threw:
      case isolatte::ending::exited: return style::odd;
      default: return style::bad;
    }
  }

  // Pads before it adds a colour, because setw would count the bytes of the escape sequence.
  static std::string left(std::string_view text, int columns) {
    std::ostringstream padded;
    padded << std::left << std::setw(columns) << text;
    return padded.str();
  }
  static std::string right(std::string_view text, int columns) {
    std::ostringstream padded;
    padded << std::right << std::setw(columns) << text;
    return padded.str();
  }

  static std::string name_of(const finding& one) {
    std::string name = shorten(printable(one.what.program.filename().string()), 40);
    if (one.what.harm == damage::none) return name;
    return "a copy of " + name + " (" + std::string{describe(one.what.harm)} + ')';
  }

  void title(const std::string& text) { out_ << '\n' << styled(style::bold, text) << '\n'; }
  void rule(int columns) {
    std::string line;
    for (int i = 0; i != columns; ++i) line += "─";
    out_ << "  " << styled(style::dim, line) << '\n';
  }
  void fact(std::string_view label, const std::string& text) {
    out_ << "  " << styled(style::dim, left(label, 18)) << text << '\n';
  }

  void write_head() {
    settings const& how = all_.how;
    auto const copies = static_cast<std::size_t>(
        std::count_if(result_.findings.begin(), result_.findings.end(),
                      [](const finding& one) { return one.what.harm != damage::none; }));
    out_ << styled(style::bold, "Census of " + printable(how.directory.string())) << ": "
         << count(result_.findings.size() - copies, "program")
         << (copies == 0
                 ? ""
                 : " and " + count(copies) + (copies == 1 ? " damaged copy" : " damaged copies"))
         << " in " << duration(result_.wall) << '\n'
         << "read without a check, each in a child process of its own with at most "
         << how.timeout.count() << " ms"
         << (how.memory ? " and " + bytes(*how.memory) : std::string{}) << '\n';
    if (how.memory_ignored)
      out_ << styled(style::odd, "--memory is ignored: a sanitizer needs the address space")
           << '\n';
    if (result_.interrupted_by != 0)
      out_ << styled(style::odd, "cut short by " + isolatte::signal_name(result_.interrupted_by) +
                                     ": " + count(result_.findings.size()) + " of " +
                                     count(result_.asked) + " were begun")
           << '\n';
  }

  void write_endings() {
    title("How they ended");
    auto const row = [this](const std::string& name, const cost& of) {
      auto const mean = of.total / static_cast<std::int64_t>(std::max<std::size_t>(of.files, 1));
      out_ << name << right(count(of.files), 10) << right(duration(of.total), 14)
           << right(duration(mean), 12) << right(duration(of.slowest), 12)
           << right(bytes(of.peak_memory), 14) << '\n';
    };
    out_ << styled(style::dim, "  " + left("ending", 22) + right("children", 10) +
                                   right("time in all", 14) + right("mean", 12) +
                                   right("longest", 12) + right("peak memory", 14))
         << '\n';
    for (auto const& [kind, of] : sums_.endings)
      row(styled(style_of(kind.how),
                 "  " + left(std::string{to_string(kind.how)} + ' ' + kind.detail, 22)),
          of);
    rule(22 + 10 + 14 + 12 + 12 + 14);
    row("  " + left("all", 22), sums_.all);
  }

  void write_fates() {
    std::vector<isolatte::ending> seen;
    for (auto const& [kind, of] : sums_.endings)
      if (seen.empty() || seen.back() != kind.how) seen.push_back(kind.how);
    title("What they read");
    std::string head = "  " + left("", 20);
    for (isolatte::ending how : seen) head += right(to_string(how), 11);
    out_ << styled(style::dim, head) << '\n';
    for (auto const& [harm, counts] : sums_.fates) {
      out_ << "  " << left(describe(harm), 20);
      for (isolatte::ending how : seen) {
        auto const found = counts.find(how);
        if (found == counts.end())
          out_ << styled(style::dim, right(".", 11));
        else
          out_ << styled(style_of(how), right(count(found->second), 11));
      }
      out_ << '\n';
    }
  }

  void write_ranking(const std::string& heading, const ranking& ranked) {
    if (ranked.empty()) return;
    title(heading);
    for (std::size_t i = 0; i != std::min(most_rows, ranked.size()); ++i)
      out_ << right(count(ranked[i].second), 8) << "  " << shorten(ranked[i].first, width - 10)
           << '\n';
    if (ranked.size() > most_rows)
      out_ << styled(style::dim, right("", 10) + "and " + count(ranked.size() - most_rows, "other"))
           << '\n';
  }

  void write_fault() {
    if (sums_.fault == nullptr) return;
    title("One fault of " + count(sums_.faults));
    std::ostringstream line;
    line << sums_.fault->outcome;
    out_ << "  reading " << name_of(*sums_.fault) << "\n  " << styled(style::bad, line.str())
         << '\n';
    std::istringstream trace{sums_.fault->outcome.fault()->trace};
    std::string frame;
    for (int i = 0; i != 12 && std::getline(trace, frame) && !is_below_the_child(frame); ++i)
      write_frame(printable(frame));
  }

  // A frame is " #0 function at /path/to/file:123"; the place may be missing.
  void write_frame(const std::string& frame) {
    std::string function = frame;
    std::string place;
    if (std::size_t const at = frame.rfind(" at "); at != frame.npos) {
      function = frame.substr(0, at);
      if (std::size_t const arguments = function.find_first_of("([");
          arguments > function.find("::"))
        function.erase(arguments);
      place = frame.substr(at + 4);
      place.erase(0, place.rfind('/') + 1);
    }
    std::size_t const room = width - 4 - std::min<std::size_t>(place.size(), 40);
    out_ << "  " << left(shorten(function, room), static_cast<int>(room)) << "  "
         << styled(style::dim, place) << '\n';
  }

  void write_directory() {
    if (sums_.programs == 0) return;
    title("What is in " + printable(all_.how.directory.string()));
    fact("programs", count(sums_.programs) + ", " + bytes(sums_.program_bytes) +
                         (sums_.programs_of_32_bits == 0
                              ? std::string{}
                              : ", " + count(sums_.programs_of_32_bits) + " of them 32-bit"));
    fact("in them", count(sums_.sections) + " sections, " + count(sums_.symbols) + " symbols, " +
                        count(sums_.relocations) + " relocations");
    elf_facts const& large = sums_.largest_function->outcome.value();
    if (large.largest_size != 0)
      fact("largest function", shorten(printable(large.largest_function), 40) + ", " +
                                   bytes(large.largest_size) + " in " +
                                   name_of(*sums_.largest_function));
    if (elf_facts const& long_one = sums_.longest_chain->outcome.value();
        !long_one.longest_chain.empty())
      fact("longest chain",
           shorten(printable(long_one.longest_chain), 40) + " in " + name_of(*sums_.longest_chain));
    fact("largest program",
         name_of(*sums_.largest) + ", " + bytes(sums_.largest->outcome.value().bytes));
    fact("slowest child",
         name_of(*sums_.slowest) + ", " + duration(sums_.slowest->outcome.usage().wall));
    fact("largest child", name_of(*sums_.hungriest) + ", " +
                              bytes(sums_.hungriest->outcome.usage().max_resident_bytes));
    std::string label = "most needed";
    for (std::size_t i = 0; i != std::min(most_rows, sums_.needed.size()); ++i) {
      fact(label, right(count(sums_.needed[i].second), 5) + "  " +
                      shorten(printable(sums_.needed[i].first), 50));
      label.clear();
    }
  }

  void write_condition() {
    title("This program");
    auto const state = [this](bool good, const std::string& text) {
      out_ << "  " << styled(good ? style::good : style::bad, good ? "ok" : "NO") << "  " << text
           << '\n';
    };
    std::size_t const before = all_.before.descriptors.size();
    bool const same = all_.before.descriptors == all_.after.descriptors;
    state(same, same ? "the same " + count(before, "descriptor") + " as before"
                     : count(all_.after.descriptors.size(), "descriptor") + ", not " +
                           count(before) + " as before");
    state(!all_.after.has_child, all_.after.has_child
                                     ? "a child is left"
                                     : "no child is left, neither alive nor a zombie");
    state(true, "the event loop kept " + count(result_.heartbeats, "appointment") +
                    " meanwhile, none more than " + duration(result_.latest_heartbeat) + " late");
    bool const unharmed = all_.after.unharmed_since(all_.before);
    out_ << "  " << styled(unharmed ? style::good : style::bad, unharmed ? "unharmed" : "harmed")
         << '\n';
  }

  std::ostream& out_;
  const account& all_;
  const results& result_;
  const tally& sums_;
  bool colour_;
};

}  // namespace

void write_report(std::ostream& out, const account& all, bool colour) {
  report{out, all, colour}.write();
}

void write_comparison(std::ostream& out, const results& fresh, const results& warm) {
  out << "\nOn warm workers\n"
      << "  " << duration(warm.wall) << " instead of " << duration(fresh.wall)
      << " in fresh children\n";
  // Endings may differ, because a warm worker keeps the damage that earlier specimens have done.
  constexpr std::size_t most_shown = 3;
  std::size_t different = 0;
  for (std::size_t i = 0; i != std::min(fresh.findings.size(), warm.findings.size()); ++i) {
    finding const& one = fresh.findings[i];
    finding const& other = warm.findings[i];
    if (one.outcome.how() == other.outcome.how() || ++different > most_shown) continue;
    out << "  " << one.what.program.filename().string() << ", " << describe(one.what.harm) << ": "
        << other.outcome << ", not " << one.outcome << '\n';
  }
  out << "  " << different << " ended in another way\n";
}

}  // namespace census
