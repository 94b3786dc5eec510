#!/usr/bin/env bash
# What a submission of the web form costs its session, beside the rows that it
# stands for written by hand: processor time, which other work on the machine
# does not change as it does the clock.
#   FORM_ROWS=5000 bench/form.sh
set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

rows=${FORM_ROWS:-2000}

echo "form: preparing 20000 leads ..."
drop_all
sql > /dev/null <<-'END'
	SET client_min_messages = warning;
	CREATE EXTENSION IF NOT EXISTS lead_mgmt;
	SELECT lead_mgmt.create_workspace('bench_form');
	INSERT INTO bench_form.rep (name) VALUES ('Ana'), ('Ben');
	INSERT INTO bench_form.lead (contact_name, email, phone, company)
	SELECT 'Lead ' || i, 'lead' || i || '@example.com', '+44201' || lpad(i::text, 7, '0'), 'Company ' || i FROM generate_series(1, 20000) i;
	VACUUM ANALYZE;
	CREATE SCHEMA bench;
	-- the processor time of this session, in hundredths of a second
	CREATE FUNCTION bench.ticks() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	  SELECT split_part(s, ' ', 14)::bigint + split_part(s, ' ', 15)::bigint FROM (SELECT pg_read_file('/proc/self/stat', 0, 1000)) x (s)
	$$;
	CREATE SEQUENCE bench.person START 100000000;
	-- microseconds a statement, each in a transaction of its own
	CREATE PROCEDURE bench.measure(statement text, rows int, INOUT cost numeric) LANGUAGE plpgsql AS $$
	DECLARE
	  before bigint;
	BEGIN
	  FOR i IN -20..rows LOOP
	    IF i = 0 THEN
	      before := bench.ticks();
	    END IF;
	    EXECUTE statement USING nextval('bench.person');
	    COMMIT;
	  END LOOP;
	  cost := round((bench.ticks() - before) * 10000.0 / rows, 1);
	END $$;
END

lead="INSERT INTO bench_form.lead (contact_name, email, phone, company, job_title, company_size, source)
  VALUES ('Kim Lee ' || \$1, 'kim' || \$1 || '@example.com', '+4420' || \$1, 'Acme ' || \$1, 'VP Marketing', 80, 'Website')"
engagement="INSERT INTO bench_form.engagement (lead_id, kind, properties) VALUES (1 + \$1 % 20000, 'form', '{\"message\": \"Hello\"}')"
new="INSERT INTO bench_form.web_form (contact_name, email, phone, company, job_title, company_size, source, message)
  VALUES ('Kim Lee ' || \$1, 'kim' || \$1 || '@example.com', '+4420' || \$1, 'Acme ' || \$1, 'VP Marketing', '80', 'Website', 'Hello')"
known="INSERT INTO bench_form.web_form (contact_name, email, company, message)
  VALUES ('Lead ' || 1 + \$1 % 20000, 'lead' || 1 + \$1 % 20000 || '@example.com', 'Acme', 'Hello')"

cost()
{
	PGOPTIONS='-c synchronous_commit=off' sql -At -v statement="$1" -v rows="$rows" <<-'END'
		CALL bench.measure(:'statement', :rows, NULL);
	END
}

: > "$dir/form"
for _ in $(seq "$rounds"); do
	echo "$(cost "$lead") $(cost "$engagement") $(cost "$new") $(cost "$known")" >> "$dir/form"
done
echo "microseconds of the processor: a lead, an engagement, a form of somebody new, a form of somebody known"
cat "$dir/form"
ratio 'form, new: lead and engagement by hand / form' - '($1 + $2) / $3' "$dir/form"
ratio 'form, known: engagement by hand / form' - '$2 / $4' "$dir/form"
