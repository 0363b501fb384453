#!/usr/bin/env bash
# Run once by the PostgreSQL container image when it creates its data: the image lets clients in by password, but no standbys.
# (Data created without it needs this line by hand.)
echo "host replication all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
