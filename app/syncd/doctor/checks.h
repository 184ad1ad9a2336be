// What the doctor judges: one function a subject, from what was seen to findings. Pure.
#ifndef SYNCD_DOCTOR_CHECKS_H_
#define SYNCD_DOCTOR_CHECKS_H_

#include <string>

#include "syncd/doctor/facts.h"
#include "syncd/doctor/finding.h"

namespace syncd {

using Check = void (*)(const Facts& facts, Findings& findings);

void CheckConfig(const Facts& facts, Findings& findings);     // config.*
void CheckHttp(const Facts& facts, Findings& findings);       // http.*
void CheckState(const Facts& facts, Findings& findings);      // state.*
void CheckStore(const Facts& facts, Findings& findings);      // store.*
void CheckTemplates(const Facts& facts, Findings& findings);  // store.templates
void CheckBlocks(const Facts& facts, Findings& findings);     // store.blocks
void CheckDisk(const Facts& facts, Findings& findings);       // store.disk
void CheckLease(const Facts& facts, Findings& findings);      // lease.holder
void CheckNames(const Facts& facts, Findings& findings);      // names.*
void CheckAliases(const Facts& facts, Findings& findings);    // aliases.*
void CheckBroker(const Facts& facts, Findings& findings);     // broker.*, queue.*
void CheckSqs(const Facts& facts, Findings& findings);        // sqs.*

// All of them, as far as there is anything to judge.
Findings Examine(const Facts& facts);

// One JSON object, what `syncd doctor --json` prints (docs/command-line.md).
std::string DoctorJson(const Findings& findings);

}  // namespace syncd

#endif  // SYNCD_DOCTOR_CHECKS_H_
