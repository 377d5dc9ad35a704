// The arguments of a program of a trial: key=value.
#pragma once

#include <map>
#include <string>

class Arguments {
 public:
  Arguments(int count, char** arguments) {
    for (int i = 1; i < count; i++) {
      const std::string argument = arguments[i];
      const size_t equals = argument.find('=');
      if (equals != std::string::npos) values_[argument.substr(0, equals)] = argument.substr(equals + 1);
    }
  }

  const std::string& text(const char* key) const { return values_.at(key); }
  double number(const char* key) const { return std::stod(text(key)); }
  uint32_t whole(const char* key) const { return static_cast<uint32_t>(number(key)); }

 private:
  std::map<std::string, std::string> values_;
};
