-- One (doctor, TIS person) pair a row: every trainee with a GMC number, and every doctor whose
-- number no trainee has. Both sides and all joins run in the order of the GMC number, so that
-- neighbours are read one after another, however many there are.

CREATE VIEW pair AS
SELECT gmcReferenceNumber AS gmc,
       gmcReferenceNumber || ':' || tcsPersonId AS id,
       tcsPersonId AS person
FROM trainee INDEXED BY trainee_join
WHERE gmcReferenceNumber > ''
UNION ALL
SELECT gmcReferenceNumber, gmcReferenceNumber, NULL
FROM doctor
WHERE NOT EXISTS (SELECT 1 FROM trainee
                  WHERE trainee.gmcReferenceNumber = doctor.gmcReferenceNumber);

-- One for each designated body for which something is hidden: the earliest, of equals the one with
-- the lowest id. A missing time comes first; those without a body are one group.
CREATE VIEW shown_hidden_discrepancy AS
SELECT *
FROM hidden_discrepancy AS h
WHERE NOT EXISTS (
  SELECT 1
  FROM hidden_discrepancy AS earlier
  WHERE earlier.gmcId = h.gmcId
    AND earlier.hiddenForDesignatedBodyCode IS h.hiddenForDesignatedBodyCode
    AND (earlier.hiddenDateTime IS NOT NULL, ifnull(earlier.hiddenDateTime, ''), earlier.id)
      < (h.hiddenDateTime IS NOT NULL, ifnull(h.hiddenDateTime, ''), h.id));

CREATE VIEW masterdoctorindex AS
SELECT
  pair.gmc AS join_key,
  pair.id AS id,
  t.tcsPersonId AS tcsPersonId,
  pair.gmc AS gmcReferenceNumber,
  coalesce(d.doctorFirstName, t.doctorFirstName) AS doctorFirstName,
  coalesce(d.doctorLastName, t.doctorLastName) AS doctorLastName,
  d.submissionDate AS submissionDate,
  t.programmeName AS programmeName,
  t.membershipType AS membershipType,
  t.membershipStartDate AS membershipStartDate,
  t.membershipEndDate AS membershipEndDate,
  t.curriculumEndDate AS curriculumEndDate,
  t.tcsDesignatedBody AS tcsDesignatedBody,
  t.programmeOwner AS programmeOwner,
  t.placementGrade AS placementGrade,
  d.designatedBody AS designatedBody,
  o.gmcOutcome AS gmcStatus,
  d.tisStatus AS tisStatus,
  a.admin AS admin,
  d.lastUpdatedDate AS lastUpdatedDate,
  d.underNotice AS underNotice,
  d.existsInGmc AS existsInGmc,
  l.updatedBy AS updatedBy,
  l.eventDateTime AS lastConnectionDateTime,
  -- json_patch drops the fields that are null. An aggregate takes rows in its subquery's order.
  (SELECT json_group_array(json(entry))
   FROM (SELECT json_patch('{}', json_object(
                  'id', h.id,
                  'gmcId', h.gmcId,
                  'hiddenForDesignatedBodyCode', h.hiddenForDesignatedBodyCode,
                  'hiddenBy', h.hiddenBy,
                  'reason', h.reason,
                  'hiddenDateTime', h.hiddenDateTime)) AS entry
         FROM shown_hidden_discrepancy AS h
         WHERE h.gmcId = pair.gmc
         ORDER BY h.hiddenDateTime, h.id)) AS hiddenDiscrepancies,
  -- As a script over the .keyword fields sees them: one missing and one present differ.
  t.tcsDesignatedBodyKeyword IS NOT d.designatedBodyKeyword AS designatedBodiesDiffer
FROM pair
LEFT JOIN trainee AS t ON t.tcsPersonId = pair.person
LEFT JOIN doctor AS d ON d.gmcReferenceNumber = pair.gmc
LEFT JOIN admin AS a ON a.gmcReferenceNumber = pair.gmc
LEFT JOIN outcome AS o ON o.gmcReferenceNumber = pair.gmc
LEFT JOIN connection_log AS l ON l.gmcId = pair.gmc;
