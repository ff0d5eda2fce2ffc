// Copyright (c) 2026 The isolatte authors
// Distributed under the Boost Software License, Version 1.0. (See LICENSE_1_0.txt)

#include "request.hpp"

#include "units.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <thread>
#include <utility>

namespace isolatte_run {

namespace {

namespace po = boost::program_options;
using namespace std::chrono_literals;

/// The kernel has no more numbers for processes.
constexpr std::size_t most_jobs = std::size_t{1} << 22;
/// Programs may do that much after a polite signal.
constexpr const char* usual_grace = "2s";
/// A program's output is kept in memory until its turn comes.
constexpr const char* usual_output = "64M";

po::options_description visible_options() {
  auto const text = [](const char* placeholder) {
    return po::value<std::string>()->value_name(placeholder);
  };
  auto const texts = [](const char* placeholder) {
    return po::value<std::vector<std::string>>()->value_name(placeholder)->composing();
  };
  po::options_description limits{"Limits"};
  limits.add_options()                                                               //
      ("timeout,t", text("TIME"), "end the program after this time: 500ms, 5s, 2m")  //
      ("grace", text("TIME")->default_value(usual_grace),
       "between SIGTERM and SIGKILL, at the timeout and after a signal")  //
      ("memory,m", text("SIZE"), "bytes of address space: 512M, 1G")      //
      ("cpu", text("TIME"), "processor time, in whole seconds")           //
      ("files", text("N"), "open files")                                  //
      ("file-size", text("SIZE"), "bytes that a file may grow to");
  po::options_description box{"Sandbox (each of these options asks for one)"};
  box.add_options()                                                                             //
      ("sandbox,s", "nothing but the program's own files may be read, and nothing be written")  //
      ("read,r", texts("PATH"), "may be read, with everything beneath")                         //
      ("write,w", texts("PATH"), "may be changed, with everything beneath")                     //
      ("execute,x", texts("PATH"), "may be executed, with everything beneath")                  //
      ("network,n", text("none|any"), "TCP and UDP; none if this is not given")                 //
      ("processes,p", "the program may make processes")                                         //
      ("allow-call", texts("NAME"), "a system call that is allowed besides")                    //
      ("best-effort", "run the program even if the system cannot keep a promise of the sandbox");
  po::options_description output{"Output"};
  output.add_options()                                                                            //
      ("json,j", "tell the outcome as JSON on the standard output, with what the program wrote")  //
      ("report", text("FILE"), "write the outcome there, as JSON")                                //
      ("output-limit", text("SIZE")->default_value(usual_output),
       "with --json or map: the end of what a program writes, up to this, is kept")  //
      ("verbose,v", "tell a successful outcome, too");
  po::options_description map{"Only with map"};
  map.add_options()  //
      ("jobs,J", text("N"), "programs at once; as many as there are processors");
  po::options_description rest{"Others"};
  rest.add_options()("help,h", "print this")("version", "print the version");
  po::options_description all;
  all.add(limits).add(box).add(output).add(map).add(rest);
  return all;
}

class values {
 public:
  explicit values(const po::variables_map& all) : all_{all} {}

  bool has(const char* name) const { return all_.count(name) != 0; }
  std::string text(const char* name) const { return all_[name].as<std::string>(); }
  std::vector<std::string> texts(const char* name) const {
    return has(name) ? all_[name].as<std::vector<std::string>>() : std::vector<std::string>{};
  }
  std::vector<std::filesystem::path> paths(const char* name) const {
    auto const all = texts(name);
    return {all.begin(), all.end()};
  }
  std::chrono::nanoseconds time(const char* name) const {
    auto const read = parse_time(text(name));
    if (!read) refuse(name, "is no time, such as 500ms, 1.5s, 2m or 1h");
    return *read;
  }
  std::uint64_t size(const char* name) const {
    auto const read = parse_size(text(name));
    if (!read) refuse(name, "is no size, such as 4096, 64K, 512M or 1.5G");
    return *read;
  }
  std::uint64_t number(const char* name) const {
    auto const read = parse_number(text(name));
    if (!read) refuse(name, "is no number");
    return *read;
  }
  [[noreturn]] void refuse(const char* name, const std::string& why) const {
    throw wrong_arguments{std::string{"--"} + name + ": '" + text(name) + "' " + why};
  }

 private:
  const po::variables_map& all_;
};

isolatte::resource_limits limits_of(const values& given) {
  isolatte::resource_limits limits{.core_size = 0};
  if (given.has("memory")) limits.address_space = given.size("memory");
  if (given.has("cpu"))
    limits.cpu_time = std::chrono::ceil<std::chrono::seconds>(given.time("cpu"));
  if (given.has("files")) limits.open_files = given.number("files");
  if (given.has("file-size")) limits.file_size = given.size("file-size");
  return limits;
}

/// A sandbox with a path that does not exist would fail, and the reason would not name the path.
void check_paths(const values& given, const char* name) {
  for (auto const& path : given.paths(name)) {
    std::error_code error;
    auto const found = std::filesystem::status(path, error);
    if (found.type() == std::filesystem::file_type::not_found)
      error = std::make_error_code(std::errc::no_such_file_or_directory);
    if (error)
      throw wrong_arguments{std::string{"--"} + name + ": '" + path.string() +
                            "': " + error.message()};
  }
}

std::optional<isolatte::sandbox> sandbox_of(const values& given) {
  constexpr const char* all[] = {"sandbox", "read",      "write",      "execute",
                                 "network", "processes", "allow-call", "best-effort"};
  if (std::none_of(std::begin(all), std::end(all), [&](auto* name) { return given.has(name); }))
    return std::nullopt;
  isolatte::sandbox box;
  box.read = given.paths("read");
  box.write = given.paths("write");
  box.execute = given.paths("execute");
  if (given.has("network")) {
    auto const network = given.text("network");
    if (network == "any")
      box.network = isolatte::any_network;
    else if (network != "none")
      given.refuse("network", "is neither none nor any");
  }
  box.processes = given.has("processes");
  box.system_calls = given.texts("allow-call");
  check_paths(given, "write");
  if (given.has("best-effort")) {
    // Paths that are missing are gaps then.
    box.enforce = isolatte::enforcement::best_effort;
  } else {
    check_paths(given, "read");
    check_paths(given, "execute");
  }
  return box;
}

/// The number of arguments that an option takes from those after it.
/// @param from an option, with its dash or dashes
std::size_t arguments_of(const std::string& from, const po::options_description& all) {
  auto const takes_one = [&](const std::string& name, bool approximate) {
    auto const* const found = all.find_nothrow(name, approximate);
    // The parser tells of an option that does not exist.
    return found != nullptr && found->semantic()->max_tokens() != 0;
  };
  if (from.starts_with("--"))
    return from.find('=') == from.npos && takes_one(from.substr(2), true) ? 1 : 0;
  // After the first letter that takes an argument, the rest is the argument.
  for (std::size_t i = 1; i != from.size(); ++i)
    if (takes_one({'-', from[i]}, false)) return i + 1 == from.size() ? 1 : 0;
  return 0;
}

/// How many arguments come before the program: those after it are its own, whatever they look like.
/// @param is_marked whether "--" is the next one
std::size_t count_options(const std::vector<std::string>& args, const po::options_description& all,
                          bool& is_marked) {
  std::size_t i = 0;
  while (i < args.size() && args[i].size() > 1 && args[i].front() == '-') {
    is_marked = args[i] == "--";
    if (is_marked) return i;
    i += 1 + arguments_of(args[i], all);
  }
  return std::min(i, args.size());
}

void set_streams(request& to, std::size_t output_limit) {
  bool const is_told_whole = to.json || to.what == request::kind::map;
  to.options.in = to.what == request::kind::map ? isolatte::source{isolatte::discard}
                                                : isolatte::source{isolatte::inherit};
  isolatte::sink const output = is_told_whole ? isolatte::sink{isolatte::capture{output_limit}}
                                              : isolatte::sink{isolatte::inherit};
  to.options.out = output;
  to.options.err = output;
}

}  // namespace

isolatte::options request::options_for(const isolatte::program& one) const {
  isolatte::options made = options;
  if (!sandbox) return made;
  auto box = isolatte::sandbox::program(one, sandbox->read);
  for (auto const each : {&isolatte::sandbox::write, &isolatte::sandbox::execute})
    (box.*each).insert((box.*each).end(), ((*sandbox).*each).begin(), ((*sandbox).*each).end());
  box.network = sandbox->network;
  box.processes = sandbox->processes;
  box.system_calls = sandbox->system_calls;
  box.enforce = sandbox->enforce;
  made.sandbox = std::move(box);
  return made;
}

request parse(const std::vector<std::string>& args) {
  request made;
  std::vector<std::string> own{args};
  if (!own.empty() && own.front() == "map") {
    made.what = request::kind::map;
    own.erase(own.begin());
  }
  auto const all = visible_options();
  std::vector<std::string> command;
  bool is_marked = false;
  po::variables_map given;
  try {
    auto const end = own.begin() + static_cast<std::ptrdiff_t>(count_options(own, all, is_marked));
    command.assign(end + (is_marked ? 1 : 0), own.end());
    own.erase(end, own.end());
    po::store(po::command_line_parser{own}.options(all).run(), given);
  } catch (const po::error& error) {
    throw wrong_arguments{error.what()};
  }
  values const read{given};
  if (read.has("help") || read.has("version")) {
    made.what = read.has("help") ? request::kind::help : request::kind::version;
    return made;
  }
  if (command.empty()) throw wrong_arguments{"no program is given"};
  if (command.front() == "map" && !is_marked && made.what != request::kind::map)
    throw wrong_arguments{
        "map comes before the options; a program of that name needs a -- before it"};
  made.program.executable = command.front();
  made.program.args.assign(command.begin() + 1, command.end());
  made.json = read.has("json");
  made.verbose = read.has("verbose");
  if (read.has("report")) made.report = read.text("report");
  if (read.has("report") && made.report.empty()) read.refuse("report", "is no file");
  if (read.has("timeout")) made.options.timeout = read.time("timeout");
  made.options.grace = read.time("grace");
  made.options.limits = limits_of(read);
  made.sandbox = sandbox_of(read);
  set_streams(made, read.size("output-limit"));
  if (read.has("jobs") && made.what != request::kind::map)
    throw wrong_arguments{"--jobs goes with map alone"};
  made.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (read.has("jobs")) made.jobs = read.number("jobs");
  if (made.jobs == 0 || made.jobs > most_jobs) read.refuse("jobs", "is no number of programs");
  return made;
}

void print_help(std::ostream& to) {
  to << "usage: isolatte-run [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
        "       isolatte-run map [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
        "\n"
        "Runs a program under supervision: its whole process group ends with it, at the timeout, "
        "or\n"
        "with this command. map runs it once for each line of the standard input, several at "
        "once,\n"
        "with the line in the place of {}, and prints what they write in the order of the lines.\n"
        "Arguments after PROGRAM are the program's.\n"
     << visible_options()
     << "\n"
        "Exit status: that of the program. 124: timed out. 125: this command failed. 126: the\n"
        "program cannot be executed. 127: there is no such program. 128+N: ended by signal N.\n"
        "map: 0 if all exited with 0, 123 if some did not, 125 to 127 if one could not be "
        "started.\n";
}

}  // namespace isolatte_run
