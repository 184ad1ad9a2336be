#include "indexswap/json/meta_codec.h"

#include <absl/strings/str_format.h>

#include <boost/json.hpp>

namespace indexswap {
namespace {

namespace json = boost::json;

// Of a lease. A record that has none is of the first.
constexpr uint64_t kLeaseFormat = 1;

absl::StatusOr<json::object> ParseObject(std::string_view what, std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is no JSON object: %s", what, error ? error.message() : std::string("another type")));
  }
  return std::move(value.as_object());
}

absl::Status Newer(std::string_view what, uint64_t format, uint64_t current) {
  return absl::UnimplementedError(absl::StrFormat(
      "%s was written by a newer program: it has format %d, and this one reads up to %d. Use that "
      "program again; nothing was changed",
      what, format, current));
}

// Reads members of one object; the first that is missing or of the wrong type makes it fail.
class Reader {
 public:
  Reader(std::string_view what, const json::object& object) : what_(what), object_(object) {}

  std::string Text(const char* key) {
    const json::value* value = Find(key);
    if (value == nullptr) return "";
    if (const json::string* text = value->if_string()) return {text->data(), text->size()};
    return Fail(key, "text"), "";
  }

  uint64_t Number(const char* key) {
    const json::value* value = Find(key);
    if (value == nullptr) return 0;
    json::error_code error;
    const uint64_t number = value->to_number<uint64_t>(error);
    if (error) Fail(key, "a whole number");
    return number;
  }

  bool Flag(const char* key) {
    const json::value* value = Find(key);
    if (value == nullptr) return false;
    if (const bool* flag = value->if_bool()) return *flag;
    return Fail(key, "true or false"), false;
  }

  const json::array& Array(const char* key) {
    static const json::array empty;
    const json::value* value = Find(key);
    if (value == nullptr) return empty;
    if (const json::array* array = value->if_array()) return *array;
    return Fail(key, "a list"), empty;
  }

  const json::object& Object(const char* key) {
    static const json::object empty;
    const json::value* value = Find(key);
    if (value == nullptr) return empty;
    if (const json::object* object = value->if_object()) return *object;
    return Fail(key, "an object"), empty;
  }

  void Fail(const char* key, std::string_view expected) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrFormat("%s: \"%s\" should be %s", what_, key, expected));
    }
  }

  bool Has(const char* key) const { return object_.if_contains(key) != nullptr; }
  const absl::Status& status() const { return status_; }

 private:
  const json::value* Find(const char* key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr) Fail(key, "there");
    return value;
  }

  std::string what_;
  const json::object& object_;
  absl::Status status_;
};

json::array EncodeAliases(const std::vector<AliasSpec>& aliases) {
  json::array array;
  for (const AliasSpec& alias : aliases) {
    array.push_back(json::object{{"name", alias.name},
                                 {"family", alias.family},
                                 {"filter", alias.filter},
                                 {"may_be_empty", alias.may_be_empty}});
  }
  return array;
}

json::array EncodeGates(const std::vector<GateResult>& gates) {
  json::array array;
  for (const GateResult& gate : gates) {
    array.push_back(json::object{{"gate", gate.gate},
                                 {"passed", gate.passed},
                                 {"overridden", gate.overridden},
                                 {"detail", gate.detail}});
  }
  return array;
}

json::object EncodeAdoption(const Adoption& adoption) {
  json::array aliases, indexes;
  for (const auto& [alias, targets] : adoption.aliases) {
    for (const AliasTarget& target : targets) {
      aliases.push_back(json::object{{"alias", alias},
                                     {"index", target.index},
                                     {"filter", target.filter},
                                     {"options", target.options}});
    }
  }
  for (const AdoptedIndex& index : adoption.indexes) {
    indexes.push_back(json::object{{"name", index.name},
                                   {"uuid", index.uuid},
                                   {"documents", index.documents},
                                   {"last_write", index.last_write}});
  }
  return {{"aliases", std::move(aliases)}, {"indexes", std::move(indexes)}};
}

// Decodes the objects of a list with `decode(Reader&)`.
template <typename T, typename Decode>
absl::StatusOr<std::vector<T>> DecodeList(std::string_view what, const json::array& array,
                                          Decode decode) {
  std::vector<T> values;
  for (const json::value& item : array) {
    const json::object* object = item.if_object();
    if (object == nullptr) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: an item is no object", what));
    }
    Reader reader(what, *object);
    values.push_back(decode(reader));
    if (!reader.status().ok()) return reader.status();
  }
  return values;
}

absl::StatusOr<Adoption> DecodeAdoption(const json::object& object) {
  Adoption adoption;
  Reader reader("_meta.adopted", object);
  using Entry = std::pair<std::string, AliasTarget>;
  const auto aliases =
      DecodeList<Entry>("_meta.adopted.aliases", reader.Array("aliases"), [](Reader& r) {
        return Entry(r.Text("alias"),
                     AliasTarget{r.Text("index"), r.Text("filter"), r.Text("options")});
      });
  if (!aliases.ok()) return aliases.status();
  for (const auto& [alias, target] : *aliases) adoption.aliases[alias].push_back(target);
  auto indexes =
      DecodeList<AdoptedIndex>("_meta.adopted.indexes", reader.Array("indexes"), [](Reader& r) {
        return AdoptedIndex{r.Text("name"), r.Text("uuid"), r.Number("documents"),
                            r.Number("last_write")};
      });
  if (!indexes.ok()) return indexes.status();
  adoption.indexes = *std::move(indexes);
  if (!reader.status().ok()) return reader.status();
  return adoption;
}

absl::StatusOr<BuildState> DecodeState(const std::string& text) {
  for (const BuildState state :
       {BuildState::kBuilding, BuildState::kSealed, BuildState::kAbandoned}) {
    if (text == ToString(state)) return state;
  }
  return absl::InvalidArgumentError(absl::StrFormat("_meta: unknown state \"%s\"", text));
}

absl::Status DecodeLists(Reader& reader, GenerationMeta& meta) {
  for (const json::value& family : reader.Array("families")) {
    if (!family.is_string()) return absl::InvalidArgumentError("_meta: a family is no text");
    meta.families.emplace_back(family.as_string().data(), family.as_string().size());
  }
  auto aliases = DecodeList<AliasSpec>("_meta.aliases", reader.Array("aliases"), [](Reader& r) {
    return AliasSpec{r.Text("name"), r.Text("family"), r.Text("filter"), r.Flag("may_be_empty")};
  });
  if (!aliases.ok()) return aliases.status();
  meta.aliases = *std::move(aliases);
  auto gates = DecodeList<GateResult>("_meta.gates", reader.Array("gates"), [](Reader& r) {
    return GateResult{r.Text("gate"), r.Flag("passed"), r.Flag("overridden"), r.Text("detail")};
  });
  if (!gates.ok()) return gates.status();
  meta.gates = *std::move(gates);
  if (reader.Has("adopted")) {
    auto adoption = DecodeAdoption(reader.Object("adopted"));
    if (!adoption.ok()) return adoption.status();
    meta.adopted = *std::move(adoption);
  }
  const json::object& documents = reader.Object("documents");
  Reader counts("_meta.documents", documents);
  for (const json::key_value_pair& count : documents) {
    const std::string family(count.key().data(), count.key().size());
    meta.documents[family] = counts.Number(family.c_str());
  }
  return counts.status();
}

}  // namespace

const char* ToString(BuildState state) {
  switch (state) {
    case BuildState::kBuilding:
      return "building";
    case BuildState::kSealed:
      return "sealed";
    case BuildState::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

std::string EncodeMeta(const GenerationMeta& meta) {
  json::object documents;
  for (const auto& [family, count] : meta.documents) documents[family] = count;
  json::object object{{"format", meta.format},
                      {"release", meta.release},
                      {"generation", meta.generation},
                      {"build_id", meta.build_id},
                      {"state", ToString(meta.state)},
                      {"plan_hash", meta.plan_hash},
                      {"families", json::array(meta.families.begin(), meta.families.end())},
                      {"aliases", EncodeAliases(meta.aliases)},
                      {"documents", std::move(documents)},
                      {"digest", meta.digest},
                      {"gates", EncodeGates(meta.gates)},
                      {"created_at", meta.created_at},
                      {"sealed_at", meta.sealed_at},
                      {"promoted_at", meta.promoted_at},
                      {"reason", meta.reason}};
  if (meta.replaces) object["replaces"] = *meta.replaces;
  if (meta.adopted) object["adopted"] = EncodeAdoption(*meta.adopted);
  return json::serialize(object);
}

const std::vector<MetaStep>& MetaSteps() {
  static const auto& steps = *new std::vector<MetaStep>();
  return steps;
}

absl::StatusOr<GenerationMeta> DecodeMeta(std::string_view text,
                                          const std::vector<MetaStep>& steps) {
  auto object = ParseObject("_meta", text);
  if (!object.ok()) return object.status();
  Reader written("_meta", *object);
  const uint64_t format = written.Number("format");
  if (!written.status().ok()) return written.status();
  const uint64_t current = steps.size() + 1;
  if (format > current) return Newer("its _meta", format, current);
  if (format == 0) return absl::InvalidArgumentError("_meta: there is no format 0");
  for (uint64_t step = format; step < current; ++step) {
    auto upgraded = steps[step - 1](json::serialize(*object));
    if (upgraded.ok()) object = ParseObject("_meta", *upgraded);
    if (!upgraded.ok()) return upgraded.status();
    if (!object.ok()) return object.status();
  }
  Reader reader("_meta", *object);
  GenerationMeta meta;
  meta.format = static_cast<int>(current);
  meta.release = reader.Text("release");
  meta.generation = reader.Number("generation");
  meta.build_id = reader.Text("build_id");
  const auto state = DecodeState(reader.Text("state"));
  if (reader.Has("replaces")) meta.replaces = reader.Number("replaces");
  meta.plan_hash = reader.Text("plan_hash");
  meta.digest = reader.Text("digest");
  meta.created_at = reader.Text("created_at");
  meta.sealed_at = reader.Text("sealed_at");
  meta.promoted_at = reader.Text("promoted_at");
  meta.reason = reader.Text("reason");
  const absl::Status lists = DecodeLists(reader, meta);
  if (!reader.status().ok()) return reader.status();
  if (!state.ok()) return state.status();
  if (!lists.ok()) return lists;
  meta.state = *state;
  return meta;
}

std::string EncodeLease(const LeaseRecord& record) {
  return json::serialize(json::object{{"format", kLeaseFormat},
                                      {"host", record.owner.host},
                                      {"pid", record.owner.pid},
                                      {"address", record.owner.address},
                                      {"state_id", record.owner.state_id},
                                      {"id", record.owner.id},
                                      {"beat", record.beat},
                                      {"journal_position", record.journal_position},
                                      {"highest_generation", record.highest_generation},
                                      {"free", record.free}});
}

absl::StatusOr<LeaseRecord> DecodeLease(std::string_view text) {
  auto object = ParseObject("the lease", text);
  if (!object.ok()) return object.status();
  Reader reader("the lease", *object);
  const uint64_t format = reader.Has("format") ? reader.Number("format") : 1;
  if (format > kLeaseFormat) return Newer("the lease", format, kLeaseFormat);
  LeaseRecord record;
  record.owner.host = reader.Text("host");
  record.owner.pid = static_cast<int64_t>(reader.Number("pid"));
  record.owner.address = reader.Text("address");
  record.owner.state_id = reader.Text("state_id");
  record.owner.id = reader.Text("id");
  record.beat = reader.Number("beat");
  record.journal_position = reader.Number("journal_position");
  record.highest_generation = reader.Number("highest_generation");
  record.free = reader.Flag("free");
  if (!reader.status().ok()) return reader.status();
  return record;
}

}  // namespace indexswap
