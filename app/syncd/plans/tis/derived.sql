-- What the pages read that look at one side of the master only. All come straight from it.

CREATE VIEW recommendationindex AS
SELECT join_key, id, tcsPersonId, gmcReferenceNumber, doctorFirstName, doctorLastName,
       designatedBody, submissionDate, gmcStatus, tisStatus, programmeName, membershipType,
       curriculumEndDate, admin, lastUpdatedDate, underNotice, existsInGmc
FROM masterdoctorindex;

CREATE VIEW connection AS
SELECT join_key, id, tcsPersonId, gmcReferenceNumber, doctorFirstName, doctorLastName,
       submissionDate, programmeName, membershipType, designatedBody, tcsDesignatedBody,
       programmeOwner, membershipStartDate, membershipEndDate
FROM masterdoctorindex;

-- Blank: nothing but white space (tab to carriage return, and space).
CREATE VIEW connectedindex AS
SELECT * FROM connection
WHERE trim(designatedBody, char(9, 10, 11, 12, 13, 32)) <> '';

CREATE VIEW disconnectedindex AS
SELECT * FROM connection
WHERE ifnull(trim(designatedBody, char(9, 10, 11, 12, 13, 32)), '') = '';

-- Who is, or will be, an exception, from which day on. The alias compares that day with today, so
-- that nobody has to rebuild at midnight. A date that is none in the calendar makes no exception.
CREATE VIEW exception_candidate AS
SELECT connection.*,
       CASE
         WHEN lower(connection.membershipType) = 'visitor'
           OR trim(t.exceptionReason, char(9, 10, 11, 12, 13, 32)) <> '' THEN '1970-01-01'
         WHEN trim(connection.designatedBody, char(9, 10, 11, 12, 13, 32)) <> ''
           AND connection.membershipEndDate
             GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
           AND date(connection.membershipEndDate, '+0 days') = connection.membershipEndDate
           THEN date(connection.membershipEndDate, '+1 day')
       END AS exceptionFrom,
       t.exceptionReason AS exceptionReason
FROM connection
LEFT JOIN trainee AS t ON t.tcsPersonId = connection.tcsPersonId;

CREATE VIEW exceptionindex AS
SELECT * FROM exception_candidate WHERE exceptionFrom IS NOT NULL;
