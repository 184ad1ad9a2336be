#include "syncd/readmodel/projection.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <array>
#include <charconv>
#include <vector>

namespace syncd {
namespace {

enum class Form { kString, kNumber, kBoolean, kJson };

Form FormOf(std::string_view type) {
  for (const std::string_view number : {"long", "integer", "short", "byte", "unsigned_long",
                                        "double", "float", "half_float", "scaled_float"}) {
    if (type == number) return Form::kNumber;
  }
  if (type == "boolean") return Form::kBoolean;
  return type == "nested" || type == "object" ? Form::kJson : Form::kString;
}

struct Column {
  std::string prefix;  // `"name":`, written before the value
  Form form = Form::kString;
};

std::vector<Column> ColumnsOf(const Statement& statement, const PlanFamily& family) {
  std::vector<Column> columns(2);  // join_key and id are no fields
  for (int i = 2; i < statement.columns(); ++i) {
    Column column;
    AppendJsonString(statement.ColumnName(i), column.prefix);
    column.prefix += ':';
    const auto type = family.types.find(statement.ColumnName(i));
    if (type != family.types.end()) column.form = FormOf(type->second);
    columns.push_back(std::move(column));
  }
  return columns;
}

// A text where the mapping has a number or a boolean stays a text: the store has to refuse it.
void AppendValue(const Statement& row, int i, Form form, std::string& out) {
  if (form == Form::kBoolean && !row.IsText(i)) {
    out += row.Integer(i) != 0 ? "true" : "false";
  } else if (form == Form::kJson || (form == Form::kNumber && !row.IsText(i))) {
    out += row.Text(i);
  } else {
    AppendJsonString(row.Text(i), out);
  }
}

void AppendDocument(const Statement& row, const std::vector<Column>& columns, std::string& out) {
  out += '{';
  for (int i = 2; i < static_cast<int>(columns.size()); ++i) {
    const Column& column = columns[static_cast<size_t>(i)];
    if (row.IsNull(i) || (column.form == Form::kJson && row.Text(i) == "[]")) continue;
    if (out.size() > 1) out += ',';
    out += column.prefix;
    AppendValue(row, i, column.form, out);
  }
  out += '}';
}

// What stands behind the backslash for a character that needs one: 0 none, `u` a code.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes{};
  for (size_t c = 0; c < 0x20; ++c) escapes[c] = 'u';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  return escapes;
}

constexpr std::array<char, 256> kEscapes = MakeEscapes();

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  size_t plain = 0;  // where the characters begin that are not yet copied
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') absl::StrAppendFormat(&out, "%04x", byte);
  }
  out.append(text, plain);
  out += '"';
}

absl::Status ProjectFamily(Database& db, const PlanFamily& family, DocumentSink sink) {
  auto rows = db.Prepare(absl::StrCat("SELECT * FROM ", QuoteName(family.view)));
  if (!rows.ok()) return rows.status();
  const std::vector<Column> columns = ColumnsOf(*rows, family);
  size_t size = 0;  // of the document before: a good guess for the next
  for (;;) {
    auto row = rows->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    if (rows->Text(1).empty()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "family \"%s\": view \"%s\": a row has no id (join_key \"%s\"); expected one a document",
          family.name, family.view, rows->Text(0)));
    }
    std::string document;
    document.reserve(size + size / 4);
    AppendDocument(*rows, columns, document);
    size = document.size();
    absl::Status status = sink(rows->Text(1), std::move(document));
    if (!status.ok()) return status;
  }
}

absl::StatusOr<KeyProjector> KeyProjector::Create(Database& db, const PlanFamily& family) {
  KeyProjector projector(family);
  auto rows =
      db.Prepare(absl::StrCat("SELECT * FROM ", QuoteName(family.view), " WHERE join_key = ?1"));
  if (!rows.ok()) return rows.status();
  projector.rows_ = *std::move(rows);
  auto ids =
      db.Prepare(absl::StrCat("SELECT id FROM ", QuoteName(family.view), " WHERE join_key = ?1"));
  if (!ids.ok()) return ids.status();
  projector.ids_ = *std::move(ids);
  return projector;
}

absl::Status KeyProjector::Project(std::string_view join_key, DocumentSink sink) {
  const std::vector<Column> columns = ColumnsOf(rows_, *family_);
  rows_.BindText(1, join_key);
  absl::Status status;
  while (status.ok()) {
    const auto row = rows_.Step();
    if (!row.ok()) status = row.status();
    if (!row.ok() || !*row) break;
    std::string document;
    AppendDocument(rows_, columns, document);
    status = sink(rows_.Text(1), std::move(document));
  }
  rows_.Reset();
  return status;
}

absl::Status KeyProjector::Ids(std::string_view join_key,
                               absl::FunctionRef<void(std::string_view id)> sink) {
  ids_.BindText(1, join_key);
  absl::Status status;
  for (;;) {
    const auto row = ids_.Step();
    if (!row.ok()) status = row.status();
    if (!row.ok() || !*row) break;
    sink(ids_.Text(0));
  }
  ids_.Reset();
  return status;
}

absl::StatusOr<uint64_t> CountFamily(Database& db, const PlanFamily& family) {
  auto count = db.QueryInteger(absl::StrCat("SELECT count(*) FROM ", QuoteName(family.view)));
  if (!count.ok()) return count.status();
  return static_cast<uint64_t>(*count);
}

}  // namespace syncd
