#include "syncd/plan/plan.h"

namespace syncd {
namespace {

template <typename T>
const T* FindNamed(const std::vector<T>& all, std::string_view name) {
  for (const T& one : all) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace

std::string_view FieldTypeName(FieldType type) {
  switch (type) {
    case FieldType::kText:
      return "text";
    case FieldType::kKeyword:
      return "keyword";
    case FieldType::kInteger:
      return "integer";
    case FieldType::kBoolean:
      return "boolean";
    case FieldType::kDate:
      return "date";
    case FieldType::kDateTime:
      return "datetime";
  }
  return "";
}

const PlanField* PlanEntity::FindField(std::string_view field) const {
  return FindNamed(fields, field);
}

const PlanEntity* Plan::FindEntity(std::string_view entity) const {
  return FindNamed(entities, entity);
}

const PlanChannel* Plan::FindChannel(std::string_view channel) const {
  return FindNamed(channels, channel);
}

const PlanFamily* Plan::FindFamily(std::string_view family) const {
  return FindNamed(families, family);
}

indexswap::ReleaseSpec Plan::ToReleaseSpec() const {
  indexswap::ReleaseSpec spec;
  spec.name = release;
  spec.plan_hash = hash;
  spec.aliases = aliases;
  for (const PlanFamily& family : families) {
    indexswap::FamilySpec out;
    out.name = family.name;
    if (const auto file = files.find(family.mapping_file); file != files.end()) {
      out.mappings = file->second;
    }
    out.settings = family.settings;
    out.min_documents = family.min_documents;
    spec.families.push_back(std::move(out));
  }
  for (const PlanQuery& query : queries) {
    const auto body = files.find(query.body_file);
    spec.queries.push_back({query.name, query.alias, body == files.end() ? "" : body->second,
                            query.max_shrink, query.shrink_slack, query.max_slower});
  }
  return spec;
}

}  // namespace syncd
