-- From the documents back to the records that they were joined from. What they can't tell comes
-- with the next sync: which of two owners a name is from, a record that is in no document, and what
-- is hidden a second time for one designated body.

CREATE TEMP VIEW master AS
SELECT version,
       document,
       document ->> 'gmcReferenceNumber' AS gmc,
       document ->> 'tcsPersonId' AS person,
       -- A trainee whom the GMC does not know has none of these.
       document ->> 'tcsPersonId' IS NULL
         OR coalesce(document ->> 'submissionDate', document ->> 'designatedBody',
                     document ->> 'tisStatus', document ->> 'lastUpdatedDate',
                     document ->> 'underNotice', document ->> 'existsInGmc') IS NOT NULL
         AS is_doctor
FROM document
WHERE family = 'masterdoctorindex' AND document ->> 'gmcReferenceNumber' > '';

-- A name is the GMC's, or TIS's where the GMC has none: as nobody can tell, both have it.
INSERT OR REPLACE INTO trainee (tcsPersonId, gmcReferenceNumber, doctorFirstName, doctorLastName,
  programmeName, membershipType, membershipStartDate, membershipEndDate, curriculumEndDate,
  tcsDesignatedBody, tcsDesignatedBodyKeyword, programmeOwner, placementGrade)
SELECT person, gmc, document ->> 'doctorFirstName', document ->> 'doctorLastName',
  document ->> 'programmeName', document ->> 'membershipType', document ->> 'membershipStartDate',
  document ->> 'membershipEndDate', document ->> 'curriculumEndDate',
  document ->> 'tcsDesignatedBody', keyword(document ->> 'tcsDesignatedBody'),
  document ->> 'programmeOwner', document ->> 'placementGrade'
FROM master
WHERE person IS NOT NULL
ORDER BY version;

-- Only the exceptions carry it.
UPDATE trainee SET exceptionReason = e.reason
FROM (SELECT document ->> 'tcsPersonId' AS person, document ->> 'exceptionReason' AS reason
      FROM document
      WHERE family = 'exceptionindex' AND document ->> 'exceptionReason' IS NOT NULL) AS e
WHERE trainee.tcsPersonId = e.person;

-- Persons who share a number share what the GMC says; names in which they differ are not from it.
INSERT INTO doctor (gmcReferenceNumber, doctorFirstName, doctorLastName, submissionDate,
  underNotice, tisStatus, lastUpdatedDate, designatedBody, designatedBodyKeyword, existsInGmc)
SELECT gmc, document ->> 'doctorFirstName', document ->> 'doctorLastName',
  document ->> 'submissionDate', document ->> 'underNotice', document ->> 'tisStatus',
  document ->> 'lastUpdatedDate', document ->> 'designatedBody',
  keyword(document ->> 'designatedBody'), document ->> 'existsInGmc'
FROM master
WHERE is_doctor
ORDER BY version
ON CONFLICT DO UPDATE SET
  doctorFirstName = CASE WHEN doctor.doctorFirstName IS excluded.doctorFirstName
                         THEN doctor.doctorFirstName END,
  doctorLastName = CASE WHEN doctor.doctorLastName IS excluded.doctorLastName
                        THEN doctor.doctorLastName END,
  submissionDate = excluded.submissionDate, underNotice = excluded.underNotice,
  tisStatus = excluded.tisStatus, lastUpdatedDate = excluded.lastUpdatedDate,
  designatedBody = excluded.designatedBody,
  designatedBodyKeyword = excluded.designatedBodyKeyword, existsInGmc = excluded.existsInGmc;

INSERT OR REPLACE INTO admin (gmcReferenceNumber, admin)
SELECT gmc, document ->> 'admin' FROM master WHERE document ->> 'admin' IS NOT NULL
ORDER BY version;

INSERT OR REPLACE INTO outcome (gmcReferenceNumber, gmcOutcome)
SELECT gmc, document ->> 'gmcStatus' FROM master WHERE document ->> 'gmcStatus' IS NOT NULL
ORDER BY version;

INSERT OR REPLACE INTO connection_log (gmcId, updatedBy, eventDateTime)
SELECT gmc, document ->> 'updatedBy', document ->> 'lastConnectionDateTime'
FROM master
WHERE coalesce(document ->> 'updatedBy', document ->> 'lastConnectionDateTime') IS NOT NULL
ORDER BY version;

INSERT OR REPLACE INTO hidden_discrepancy (id, gmcId, hiddenForDesignatedBodyCode, hiddenBy,
  reason, hiddenDateTime)
SELECT value ->> 'id', value ->> 'gmcId', value ->> 'hiddenForDesignatedBodyCode',
  value ->> 'hiddenBy', value ->> 'reason', value ->> 'hiddenDateTime'
FROM master, json_each(document, '$.hiddenDiscrepancies')
WHERE value ->> 'id' IS NOT NULL
ORDER BY version;
