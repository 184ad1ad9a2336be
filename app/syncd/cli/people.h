// Results as lines for people, from the JSON that stands for them: the same whether a command has
// done the work itself or a daemon has.
#ifndef SYNCD_CLI_PEOPLE_H_
#define SYNCD_CLI_PEOPLE_H_

#include <string>

namespace syncd {

// Each takes the object that report.h makes, and prints lines on stdout. What is missing is left
// out.
void PrintSyncForPeople(const std::string& json);
void PrintStatusForPeople(const std::string& json);
void PrintPlanForPeople(const std::string& json);
void PrintRollbackForPeople(const std::string& json);
void PrintTakenNamesForPeople(const std::string& json);
void PrintPruneForPeople(const std::string& json);
void PrintDeadLettersForPeople(const std::string& json);
void PrintDeadLetterForPeople(const std::string& json);

// `run 13: receiving: tcs 12000 records, gmc 300 records`.
std::string RunForPeople(const std::string& json);

}  // namespace syncd

#endif  // SYNCD_CLI_PEOPLE_H_
