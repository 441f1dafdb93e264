CREATE TABLE acknowledged("key" VARCHAR, in_doubt BOOLEAN, digest UHUGEINT, f000 VARCHAR, f001 VARCHAR);
CREATE TABLE fields("position" INTEGER, id VARCHAR, signature VARCHAR);
CREATE TABLE held("key" VARCHAR, op VARCHAR, run BIGINT, reason VARCHAR, field VARCHAR, message VARCHAR, signature VARCHAR, released BOOLEAN, f000 VARCHAR, f001 VARCHAR);
CREATE TABLE meta("name" VARCHAR, "value" VARCHAR);
