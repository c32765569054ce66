SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA analytics;
CREATE SCHEMA lrs;
CREATE SCHEMA lti_tool;
CREATE SCHEMA report;
COMMENT ON SCHEMA report IS 'e413552e03efd942a2855fa8357c87601fb9246759588d3ebef0d356eb19e2f2';
CREATE FUNCTION analytics.reporting_tenant(wanted name) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT u.tenant_id FROM analytics.reporting_user u WHERE u.role = wanted::text$$;
CREATE FUNCTION lrs.add_payload_months() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET lock_timeout TO '2s'
    AS $$
        DECLARE
          first date := date_trunc('month', now() AT TIME ZONE 'UTC');
          name text;
          low bigint;
          high bigint;
        BEGIN
          FOR month IN 0..2 LOOP
            name := 'payload_' || to_char(first + make_interval(months => month), 'YYYY_MM');
            low := (extract(epoch FROM (first + make_interval(months => month)) AT TIME ZONE 'UTC') * 1000000)::bigint << 10;
            high := (extract(epoch FROM (first + make_interval(months => month + 1)) AT TIME ZONE 'UTC') * 1000000)::bigint << 10;
            CONTINUE WHEN to_regclass('lrs_months.' || name) IS NOT NULL;
            CONTINUE WHEN EXISTS (SELECT FROM lrs_months.payload_other WHERE ord >= low AND ord < high);
            EXECUTE format('CREATE TABLE lrs_months.%I (LIKE lrs.statement_payload INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE lrs.statement_payload ATTACH PARTITION lrs_months.%I FOR VALUES FROM (%s) TO (%s)', name, low, high);
          END LOOP;
        END $$;
CREATE FUNCTION lrs.backlog() RETURNS TABLE(waiting bigint, oldest bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT (SELECT count(*) FROM lrs.uncounted) + (SELECT count(*) FROM lrs.uncounted_episode),
               least((SELECT min(u.ord) FROM lrs.uncounted u),
                     (SELECT (extract(epoch FROM min(e.since)) * 1000000)::bigint << 10 FROM lrs.uncounted_episode e))$$;
CREATE FUNCTION lrs.drop_payload_month(before bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET lock_timeout TO '500ms'
    AS $$
        DECLARE
          name text;
          filled boolean;
        BEGIN
          FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'lrs.statement_payload'::regclass AND c.relname <> 'payload_other' LOOP
            CONTINUE WHEN (extract(epoch FROM (to_date(substr(name, 9), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC') * 1000000)::bigint << 10 > before;
            EXECUTE format('SELECT EXISTS (SELECT FROM lrs_months.%I)', name) INTO filled;
            CONTINUE WHEN filled;
            BEGIN
              -- First what DROP needs, too: who holds one of the two never waits for the other.
              LOCK TABLE ONLY lrs.statement_payload IN ACCESS EXCLUSIVE MODE;
              EXECUTE format('SELECT EXISTS (SELECT FROM lrs_months.%I)', name) INTO filled;
              IF NOT filled THEN
                EXECUTE format('DROP TABLE lrs_months.%I', name);
                RETURN true;
              END IF;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
              RETURN false;  -- somebody reads it now: the next time
            END;
          END LOOP;
          RETURN false;
        END $$;
CREATE FUNCTION lrs.find_credential(wanted text) RETURNS TABLE(tenant_id integer, secret_hash bytea, scopes text[], authority text, tolerant boolean, launch json, authority_id integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT c.tenant_id, c.secret_hash, c.scopes, c.authority, c.tolerant, c.launch, a.authority_id FROM lrs.credential c
            LEFT JOIN lrs.authority a ON a.tenant_id = c.tenant_id AND a.name = c.authority
            WHERE c.key = wanted AND (c.ends_at IS NULL OR c.ends_at > now())$$;
CREATE FUNCTION lrs.find_payloads(tenant integer, ords bigint[], low bigint, high bigint) RETURNS TABLE(ord bigint, payload bytea)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
        BEGIN
          RETURN QUERY SELECT p.ord, p.payload FROM lrs.statement_payload p
            WHERE p.tenant_id = tenant AND p.ord = ANY (ords) AND p.ord BETWEEN low AND high;
        END $$;
CREATE FUNCTION lrs.find_token_issuer(wanted text) RETURNS TABLE(tenant_id integer, audience text, keys_url text, scopes json)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT i.tenant_id, i.audience, i.keys_url, i.scopes FROM lrs.token_issuer i WHERE i.issuer = wanted$$;
CREATE FUNCTION lrs.tenant_ids() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT t.tenant_id FROM lrs.tenant t ORDER BY t.tenant_id$$;
CREATE FUNCTION lrs.tenants_to_rekey() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT tenant_id FROM lrs.agent_rekeying ORDER BY tenant_id$$;
CREATE FUNCTION lrs.tenants_with_uncounted() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT t.tenant_id FROM lrs.tenant t
            WHERE EXISTS (SELECT 1 FROM lrs.uncounted u WHERE u.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.uncounted_episode e WHERE e.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.removal r WHERE r.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.statement_ref r WHERE r.tenant_id = t.tenant_id AND NOT r.settled) ORDER BY t.tenant_id$$;
CREATE FUNCTION lrs.tenants_with_unmoved_payloads() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT tenant_id FROM lrs.job_cursor WHERE job = 'payloads' ORDER BY tenant_id$$;
CREATE FUNCTION lti_tool.all_tenants() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT t.tenant_id FROM lti_tool.tenant t ORDER BY t.tenant_id$$;
CREATE FUNCTION lti_tool.burn_login(wanted bytea) RETURNS TABLE(tenant_id integer, registration_id integer, browser_hash bytea, nonce text, target_link_uri text, asked jsonb, expires_at timestamp with time zone)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$DELETE FROM lti_tool.login_state l WHERE l.state_hash = wanted
        RETURNING l.tenant_id, l.registration_id, l.browser_hash, l.nonce, l.target_link_uri, l.asked, l.expires_at$$;
CREATE FUNCTION lti_tool.erase_from_audit(tenant integer, erased uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
        DECLARE names int; mentions int;
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM lti_tool.erasure e WHERE e.tenant_id = tenant
                AND e.person_id = erased AND e.confirmed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'nobody confirmed this erasure';
            END IF;
            UPDATE lti_tool.audit a SET who = 'somebody who was erased'
                WHERE a.tenant_id = tenant AND a.who LIKE '%%' || erased || '%%';
            GET DIAGNOSTICS names = ROW_COUNT;
            UPDATE lti_tool.audit a SET details = '{}'
                WHERE a.tenant_id = tenant AND a.details::text LIKE '%%' || erased || '%%';
            GET DIAGNOSTICS mentions = ROW_COUNT;
            RETURN names + mentions;
        END
    $$;
CREATE FUNCTION lti_tool.find_admin_link(wanted bytea) RETURNS TABLE(id uuid, tenant_id integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT a.id, a.tenant_id FROM lti_tool.admin_session a WHERE a.link_hash = wanted AND a.expires_at > now()$$;
CREATE FUNCTION lti_tool.find_admin_session(wanted uuid) RETURNS TABLE(tenant_id integer, who text, secret_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT a.tenant_id, a.who, a.secret_hash FROM lti_tool.admin_session a
        WHERE a.id = wanted AND a.secret_hash IS NOT NULL AND a.expires_at > now()$$;
CREATE FUNCTION lti_tool.find_invite(wanted bytea) RETURNS TABLE(id integer, tenant_id integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT i.id, i.tenant_id FROM lti_tool.registration_invite i WHERE i.secret_hash = wanted$$;
CREATE FUNCTION lti_tool.find_launch(wanted uuid) RETURNS TABLE(tenant_id integer, secret_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT l.tenant_id, l.secret_hash FROM lti_tool.launch l
        WHERE l.id = wanted AND l.expires_at > now() AND l.seen_at > now() - interval '2 hours' -- left alone for longer, it has ended$$;
CREATE FUNCTION lti_tool.find_mail_link(wanted bytea) RETURNS TABLE(tenant_id integer, mail_id bigint, question_id uuid, use_id uuid, handed_in_id uuid, created_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT l.tenant_id, l.mail_id, l.question_id, l.use_id, l.handed_in_id, l.created_at
        FROM lti_tool.mail_link l WHERE l.token_hash = wanted$$;
CREATE FUNCTION lti_tool.find_people(wanted text) RETURNS TABLE(tenant_id integer, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT p.tenant_id, p.id FROM lti_tool.person p
        WHERE p.email <> '' AND lower(p.email) = lower(wanted) AND p.imported_at IS NOT NULL ORDER BY p.tenant_id LIMIT 20$$;
CREATE FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text) RETURNS TABLE(id integer, tenant_id integer, name text, family text, status text, issuer text, client_id text, auth_login_url text, auth_token_url text, auth_audience text, key_set_url text, approve_deployments boolean, names_people text, wide_parameter boolean, frame_origins text[], role_rights jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT r.id, r.tenant_id, r.name, r.family, r.status, r.issuer, r.client_id, r.auth_login_url, r.auth_token_url,
               r.auth_audience, r.key_set_url, r.approve_deployments, r.names_people, r.wide_parameter, r.frame_origins, r.role_rights
        FROM lti_tool.platform_registration r
        WHERE r.issuer = wanted_issuer AND (wanted_client IS NULL OR r.client_id = wanted_client) AND r.status <> 'removed' ORDER BY r.id LIMIT 2$$;
CREATE FUNCTION lti_tool.find_visit(wanted uuid) RETURNS TABLE(tenant_id integer, person_id uuid, secret_hash bytea, message text, locale text, return_url text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT l.tenant_id, l.person_id, l.secret_hash, l.message, l.locale, l.return_url
        FROM lti_tool.launch l WHERE l.id = wanted$$;
CREATE FUNCTION lti_tool.look_at_login(wanted bytea) RETURNS TABLE(tenant_id integer, registration_id integer, browser_hash bytea, nonce text, target_link_uri text, asked jsonb, expires_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT l.tenant_id, l.registration_id, l.browser_hash, l.nonce, l.target_link_uri, l.asked, l.expires_at
        FROM lti_tool.login_state l WHERE l.state_hash = wanted$$;
CREATE FUNCTION lti_tool.only_sign_in() RETURNS TABLE(id uuid, name text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT p.id, p.name FROM lti_tool.sign_in_provider p WHERE (SELECT count(*) FROM lti_tool.sign_in_provider) = 1$$;
CREATE FUNCTION lti_tool.outbox_backlog() RETURNS TABLE(statements bigint, grades bigint, refused bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT (SELECT count(*) FROM lti_tool.statement_outbox o WHERE o.refused IS NULL),
               (SELECT count(*) FROM lti_tool.grade_outbox o WHERE o.refused IS NULL AND o.sent_at IS NULL AND NOT o.replaced),
               (SELECT count(*) FROM lti_tool.statement_outbox o WHERE o.refused IS NOT NULL)
               + (SELECT count(*) FROM lti_tool.grade_outbox o WHERE o.refused IS NOT NULL)$$;
CREATE FUNCTION lti_tool.sign_in_tenant(wanted uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT tenant_id FROM lti_tool.sign_in_provider WHERE id = wanted$$;
CREATE FUNCTION lti_tool.sort_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT replace(replace(replace(replace(translate(
            lower(regexp_replace(
                regexp_replace(normalize(name, NFKD), U&'([nN])\0303', '\1~', 'g'),
                U&'[\0300-\036F]', '', 'g')),
            'øłđðıØŁĐÐ', 'olddioldd'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    $$;
CREATE FUNCTION lti_tool.tenants_with_outbox() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT t.tenant_id FROM lti_tool.tenant t WHERE
        EXISTS (SELECT 1 FROM lti_tool.statement_outbox o WHERE o.tenant_id = t.tenant_id AND o.refused IS NULL)
        OR EXISTS (SELECT 1 FROM lti_tool.grade_outbox o WHERE o.tenant_id = t.tenant_id AND o.refused IS NULL AND o.sent_at IS NULL AND NOT o.replaced)
        ORDER BY t.tenant_id$$;
CREATE FUNCTION lti_tool.tenants_with_rosters() RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$SELECT DISTINCT c.tenant_id FROM lti_tool.course c WHERE c.roster_due_at <= now() ORDER BY c.tenant_id$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE analytics.activity_mapping (
    tenant_id integer NOT NULL,
    mapping_id bigint NOT NULL,
    activity text NOT NULL,
    activity_key bigint NOT NULL,
    programme text NOT NULL,
    counts_as text NOT NULL,
    competency text,
    evidence_grade smallint,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone,
    read_ord bigint DEFAULT '-9223372036854775808'::bigint NOT NULL
);
ALTER TABLE analytics.activity_mapping ALTER COLUMN mapping_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.activity_mapping_mapping_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.alarm (
    tenant_id integer NOT NULL,
    alarm_id bigint NOT NULL,
    programme text NOT NULL,
    series text NOT NULL,
    team text NOT NULL,
    words text NOT NULL,
    owner text NOT NULL,
    level text NOT NULL,
    weeks smallint NOT NULL,
    calm smallint NOT NULL,
    history text NOT NULL,
    week date NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    published boolean DEFAULT false NOT NULL
);
ALTER TABLE analytics.alarm ALTER COLUMN alarm_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.alarm_alarm_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.baseline (
    tenant_id integer NOT NULL,
    baseline_id bigint NOT NULL,
    programme text NOT NULL,
    series text NOT NULL,
    team text NOT NULL,
    since date NOT NULL,
    why text NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE analytics.baseline ALTER COLUMN baseline_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.baseline_baseline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.borrowed (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    ord bigint NOT NULL
);
CREATE TABLE analytics.computed (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    report text NOT NULL,
    body json NOT NULL,
    watermark timestamp with time zone NOT NULL,
    computed_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.cost (
    tenant_id integer NOT NULL,
    cost_id bigint NOT NULL,
    programme text NOT NULL,
    category text NOT NULL,
    amount numeric(18,2) NOT NULL,
    incurred_on date NOT NULL,
    hours double precision,
    source text NOT NULL,
    signed_off_by text NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    taken_back_at timestamp with time zone,
    taken_back_why text,
    currency text
);
ALTER TABLE analytics.cost ALTER COLUMN cost_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.cost_cost_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.export (
    tenant_id integer NOT NULL,
    export_id bigint NOT NULL,
    key text NOT NULL,
    format text NOT NULL,
    programme text NOT NULL,
    individual boolean NOT NULL,
    who text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    tries smallint DEFAULT '0'::smallint NOT NULL,
    stale boolean DEFAULT false NOT NULL,
    rows_done bigint DEFAULT '0'::bigint NOT NULL,
    rows_in_all bigint,
    finished_at timestamp with time zone,
    failed text,
    manifest json,
    sha2 text,
    bytes bigint,
    expires_at timestamp with time zone
);
ALTER TABLE analytics.export ALTER COLUMN export_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.export_export_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.fact_activity (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    activity text NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone,
    kind text NOT NULL,
    started_at timestamp with time zone
);
CREATE TABLE analytics.fact_check (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    "interval" text NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    due_at timestamp with time zone,
    done_at timestamp with time zone,
    asked smallint NOT NULL,
    "right" smallint NOT NULL,
    rapid smallint NOT NULL
);
CREATE TABLE analytics.fact_competency (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    competency text NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    asked integer NOT NULL,
    "right" integer NOT NULL,
    rated integer NOT NULL,
    reached integer NOT NULL
);
CREATE TABLE analytics.fact_episode (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    programme_version text,
    anchor timestamp with time zone NOT NULL,
    wave text,
    team text,
    site text,
    role text,
    experience text,
    registered_at timestamp with time zone,
    left_at timestamp with time zone,
    exam double precision,
    planned_seconds integer,
    no_opportunity_seconds integer,
    used_1_seconds integer,
    used_2_seconds integer,
    used_3_seconds integer,
    used_4_seconds integer,
    tasks_used smallint NOT NULL,
    tasks_verified smallint NOT NULL,
    competent_seconds integer,
    sustained boolean,
    pre_test double precision,
    training_seconds integer
);
CREATE TABLE analytics.fact_presence (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    agent bigint NOT NULL,
    programme text NOT NULL,
    what text NOT NULL,
    team text,
    site text,
    role text,
    at timestamp with time zone NOT NULL
);
CREATE TABLE analytics.fact_rating (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    criterion text NOT NULL,
    registration uuid,
    subject text NOT NULL,
    calibration boolean NOT NULL,
    programme text NOT NULL,
    competency text,
    rater bigint NOT NULL,
    relation text,
    at timestamp with time zone NOT NULL,
    level smallint NOT NULL,
    levels smallint NOT NULL,
    reached boolean
);
CREATE TABLE analytics.fact_recall (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    "interval" text NOT NULL,
    item text NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    competency text,
    seconds_since_anchor integer NOT NULL,
    success boolean NOT NULL,
    ord bigint NOT NULL,
    rapid boolean NOT NULL,
    took_seconds double precision,
    response text
);
CREATE TABLE analytics.fact_use (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    registration uuid NOT NULL,
    learner bigint NOT NULL,
    programme text NOT NULL,
    task text NOT NULL,
    evidence_grade smallint NOT NULL,
    seconds_since_anchor integer NOT NULL
);
CREATE TABLE analytics.kpi (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    kpi text NOT NULL,
    label text NOT NULL,
    unit text NOT NULL,
    more_is_better boolean NOT NULL,
    baseline double precision,
    target double precision,
    owner text NOT NULL,
    source text NOT NULL,
    frequency text NOT NULL,
    waves_randomised boolean DEFAULT false NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.kpi_reading (
    tenant_id integer NOT NULL,
    reading_id bigint NOT NULL,
    programme text NOT NULL,
    kpi text NOT NULL,
    subject_kind text NOT NULL,
    subject text NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    value double precision NOT NULL,
    source text NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    replaced_at timestamp with time zone,
    replaced_by text,
    replaced_why text
);
ALTER TABLE analytics.kpi_reading ALTER COLUMN reading_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.kpi_reading_reading_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.mapped_actor (
    tenant_id integer NOT NULL,
    mapping_id bigint NOT NULL,
    agent bigint NOT NULL,
    identity text NOT NULL
);
CREATE TABLE analytics.packet (
    tenant_id integer NOT NULL,
    packet_id bigint NOT NULL,
    programme text NOT NULL,
    wave text,
    dimension text NOT NULL,
    value text,
    pooled boolean NOT NULL,
    formed_on date NOT NULL,
    people integer NOT NULL,
    certified_by date NOT NULL,
    frozen_at timestamp with time zone
);
CREATE TABLE analytics.packet_member (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    packet_id bigint NOT NULL,
    learner bigint NOT NULL
);
ALTER TABLE analytics.packet ALTER COLUMN packet_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.packet_packet_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.packet_waiting (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    programme text NOT NULL,
    since date NOT NULL
);
CREATE TABLE analytics.person_merge (
    tenant_id integer NOT NULL,
    merge_id bigint NOT NULL,
    alias bigint NOT NULL,
    agent bigint NOT NULL,
    alias_identity text NOT NULL,
    agent_identity text NOT NULL,
    reason text NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    undone_at timestamp with time zone
);
ALTER TABLE analytics.person_merge ALTER COLUMN merge_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.person_merge_merge_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.publication (
    tenant_id integer NOT NULL,
    publication_id bigint NOT NULL,
    monday date NOT NULL,
    watermark timestamp with time zone NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    packets integer NOT NULL,
    rows integer NOT NULL,
    corrected integer NOT NULL
);
ALTER TABLE analytics.publication ALTER COLUMN publication_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.publication_publication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.publication_request (
    tenant_id integer NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE SEQUENCE analytics.publication_request_tenant_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE analytics.publication_request_tenant_id_seq OWNED BY analytics.publication_request.tenant_id;
CREATE TABLE analytics.published_month (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    metric text NOT NULL,
    first_month text NOT NULL,
    last_month text NOT NULL,
    version integer NOT NULL,
    people integer NOT NULL,
    sums json NOT NULL,
    released_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.published_row (
    tenant_id integer NOT NULL,
    row_id bigint NOT NULL,
    programme text NOT NULL,
    packets bigint[] NOT NULL,
    metric text NOT NULL,
    version integer NOT NULL,
    part text NOT NULL,
    day integer NOT NULL,
    people integer NOT NULL,
    sums json NOT NULL,
    contributions json NOT NULL,
    released_at timestamp with time zone NOT NULL,
    replaced_at timestamp with time zone
);
ALTER TABLE analytics.published_row ALTER COLUMN row_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.published_row_row_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.published_title (
    tenant_id integer NOT NULL,
    activity text NOT NULL,
    titles json NOT NULL
);
CREATE TABLE analytics.published_value (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    scope text NOT NULL,
    scope_value text NOT NULL,
    metric text NOT NULL,
    part text NOT NULL,
    day integer NOT NULL,
    version integer NOT NULL,
    numerator double precision,
    denominator double precision,
    value double precision,
    ci_low double precision,
    ci_high double precision,
    people integer,
    flags json NOT NULL,
    status text NOT NULL,
    waits_until date,
    released_at timestamp with time zone NOT NULL
);
CREATE TABLE analytics.publishing_rule (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    dimension text NOT NULL,
    size integer NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.reporting_user (
    role text NOT NULL,
    tenant_id integer NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.scorecard (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    version integer NOT NULL,
    lines json NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.uncomputed (
    tenant_id integer NOT NULL,
    mark bigint NOT NULL,
    programme text NOT NULL
);
ALTER TABLE analytics.uncomputed ALTER COLUMN mark ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.uncomputed_mark_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE analytics.uncountable (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    registration uuid NOT NULL,
    reason text NOT NULL
);
CREATE TABLE analytics.unwanted (
    tenant_id integer NOT NULL,
    day date NOT NULL,
    reason text NOT NULL,
    statements bigint NOT NULL
);
CREATE TABLE analytics.unwanted_day (
    tenant_id integer NOT NULL,
    day date NOT NULL,
    taken boolean NOT NULL
);
CREATE TABLE analytics.valuation (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    kpi text NOT NULL,
    version integer NOT NULL,
    body json NOT NULL,
    who text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE analytics.week_figure (
    tenant_id integer NOT NULL,
    figure_id bigint NOT NULL,
    programme text NOT NULL,
    series text NOT NULL,
    team text NOT NULL,
    week date NOT NULL,
    numerator integer NOT NULL,
    denominator integer NOT NULL,
    learners integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    restated_at timestamp with time zone,
    restated_by text,
    restated_why text
);
ALTER TABLE analytics.week_figure ALTER COLUMN figure_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME analytics.week_figure_figure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.activity_definition (
    tenant_id integer NOT NULL,
    activity bigint NOT NULL,
    digest bigint NOT NULL,
    iri text NOT NULL,
    definition bytea NOT NULL,
    seen bigint NOT NULL
);
CREATE TABLE lrs.agent_rekeying (
    tenant_id integer NOT NULL,
    after_ord bigint NOT NULL,
    until timestamp with time zone NOT NULL
);
CREATE SEQUENCE lrs.agent_rekeying_tenant_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE lrs.agent_rekeying_tenant_id_seq OWNED BY lrs.agent_rekeying.tenant_id;
CREATE TABLE lrs.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE lrs.attachment (
    tenant_id integer NOT NULL,
    sha2 text NOT NULL,
    bytes bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lrs.audit (
    tenant_id integer NOT NULL,
    audit_id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    act text NOT NULL,
    details json NOT NULL
);
ALTER TABLE lrs.audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lrs.audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.authority (
    tenant_id integer NOT NULL,
    authority_id integer NOT NULL,
    name text NOT NULL
);
ALTER TABLE lrs.authority ALTER COLUMN authority_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lrs.authority_authority_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.cold_file (
    tenant_id integer NOT NULL,
    first_ord bigint NOT NULL,
    last_ord bigint NOT NULL,
    sha2 text NOT NULL,
    statements bigint NOT NULL,
    stale boolean DEFAULT false NOT NULL
);
CREATE TABLE lrs.cold_trash (
    tenant_id integer NOT NULL,
    sha2 text NOT NULL
);
CREATE TABLE lrs.credential (
    key text NOT NULL,
    tenant_id integer NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    note text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    authority text NOT NULL,
    ends_at timestamp with time zone,
    tolerant boolean DEFAULT false NOT NULL,
    launch json
);
CREATE TABLE lrs.dead_letter (
    tenant_id integer NOT NULL,
    forward_id bigint NOT NULL,
    ord bigint NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lrs.document (
    tenant_id integer NOT NULL,
    place bytea NOT NULL,
    context bytea NOT NULL,
    kind text NOT NULL,
    activity text,
    agent text,
    agent_key bigint,
    registration uuid,
    document_id text NOT NULL,
    content_type text NOT NULL,
    etag text NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    body bytea NOT NULL
);
CREATE TABLE lrs.forward (
    tenant_id integer NOT NULL,
    forward_id bigint NOT NULL,
    url text NOT NULL,
    key text NOT NULL,
    sealed_secret text NOT NULL,
    filter json NOT NULL,
    delivered_ord bigint NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    stopped boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    map json NOT NULL,
    backfill_after bigint,
    backfill_before bigint
);
ALTER TABLE lrs.forward ALTER COLUMN forward_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lrs.forward_forward_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.import_run (
    tenant_id integer NOT NULL,
    source text NOT NULL,
    "position" text NOT NULL,
    stored bigint NOT NULL,
    known bigint NOT NULL,
    refused bigint NOT NULL,
    lines bigint NOT NULL,
    finished boolean NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lrs.job_cursor (
    tenant_id integer NOT NULL,
    job text NOT NULL,
    ord bigint NOT NULL
);
CREATE TABLE lrs.removal (
    tenant_id integer NOT NULL,
    removal_id bigint NOT NULL,
    ord bigint,
    agent text
);
ALTER TABLE lrs.removal ALTER COLUMN removal_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME lrs.removal_removal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.retention_rule (
    tenant_id integer NOT NULL,
    rule_id bigint NOT NULL,
    days integer NOT NULL,
    verb text,
    activity text,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE lrs.retention_rule ALTER COLUMN rule_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lrs.retention_rule_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.statement (
    ord bigint NOT NULL,
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    verb bigint NOT NULL,
    registration uuid,
    timestamp_given boolean NOT NULL,
    payload bytea,
    authority integer
);
CREATE TABLE lrs.statement_attachment (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    sha2 text NOT NULL
);
CREATE TABLE lrs.statement_payload (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    payload bytea NOT NULL
)
PARTITION BY RANGE (ord);
CREATE TABLE lrs.statement_ref (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    target uuid NOT NULL,
    settled boolean DEFAULT false NOT NULL
);
CREATE TABLE lrs.statement_rel (
    tenant_id integer NOT NULL,
    key bigint NOT NULL,
    ord bigint NOT NULL
);
CREATE TABLE lrs.template_break (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL,
    template text NOT NULL,
    reason text NOT NULL
);
CREATE TABLE lrs.tenant (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE lrs.tenant ALTER COLUMN tenant_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lrs.tenant_tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lrs.token_issuer (
    tenant_id integer NOT NULL,
    issuer text NOT NULL,
    audience text NOT NULL,
    keys_url text NOT NULL,
    scopes json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lrs.uncounted (
    tenant_id integer NOT NULL,
    ord bigint NOT NULL
);
CREATE TABLE lrs.uncounted_episode (
    tenant_id integer NOT NULL,
    registration uuid NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE lrs.voiding (
    tenant_id integer NOT NULL,
    target uuid NOT NULL,
    ord bigint NOT NULL
);
CREATE SEQUENCE lrs.writer_number
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    MAXVALUE 1023
    CACHE 1
    CYCLE;
CREATE TABLE lti_tool.accepted_badge (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    badge text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.access_token (
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    scope text NOT NULL,
    token_sealed text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.actor_link (
    tenant_id integer NOT NULL,
    identity text NOT NULL,
    person_id uuid,
    registration_id integer,
    subject text NOT NULL,
    joined_by text NOT NULL,
    joined_who text NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    counts_as uuid,
    merge_id bigint,
    refusal text NOT NULL,
    tried_at timestamp with time zone
);
CREATE TABLE lti_tool.admin_session (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    who text NOT NULL,
    link_hash bytea,
    secret_hash bytea,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.agreed_action (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    group_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    words text NOT NULL,
    due_on date,
    agreed_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone
);
CREATE TABLE lti_tool.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE lti_tool.answer (
    tenant_id integer NOT NULL,
    attempt_id uuid NOT NULL,
    "position" smallint NOT NULL,
    item text NOT NULL,
    response text CONSTRAINT answer_choice_not_null NOT NULL,
    correct boolean NOT NULL,
    answered_at timestamp with time zone NOT NULL,
    rapid boolean DEFAULT false NOT NULL,
    confidence smallint
);
CREATE TABLE lti_tool.assessment (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    rater_id uuid NOT NULL,
    relation text NOT NULL,
    method text NOT NULL,
    levels jsonb NOT NULL,
    words text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ck_assessment_method_known CHECK ((method = ANY (ARRAY[''::text, 'watching'::text, 'recording'::text, 'simulation'::text]))),
    CONSTRAINT ck_assessment_relation_known CHECK ((relation = ANY (ARRAY['learner'::text, 'peer'::text, 'mentor'::text, 'manager'::text])))
);
CREATE TABLE lti_tool.assessment_request (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    rater_id uuid NOT NULL,
    relation text NOT NULL,
    words text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone
);
CREATE TABLE lti_tool.attempt (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    "interval" text NOT NULL,
    kind text NOT NULL,
    items text[] NOT NULL,
    line_item_url text NOT NULL,
    registration_id integer,
    subject text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    right_answers smallint,
    line_items_url text NOT NULL,
    course_id uuid
);
CREATE TABLE lti_tool.attendance (
    tenant_id integer NOT NULL,
    meeting_id uuid NOT NULL,
    episode_id uuid NOT NULL
);
CREATE TABLE lti_tool.audit (
    audit_id bigint NOT NULL,
    tenant_id integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    who text NOT NULL,
    act text NOT NULL,
    details jsonb NOT NULL
);
ALTER TABLE lti_tool.audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.calibration (
    tenant_id integer NOT NULL,
    rater_id uuid NOT NULL,
    programme text NOT NULL,
    case_key text NOT NULL,
    programme_version integer NOT NULL,
    levels jsonb NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.certifying_column (
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    programme text NOT NULL,
    registration_id integer NOT NULL,
    url text NOT NULL,
    share double precision NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    begun integer DEFAULT 0 NOT NULL,
    trouble text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_certifying_column_share_within CHECK (((share > (0)::double precision) AND (share <= (1)::double precision)))
);
CREATE TABLE lti_tool.channel (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    url_sealed text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    daily_tip boolean DEFAULT false NOT NULL,
    CONSTRAINT ck_channel_kind_known CHECK ((kind = ANY (ARRAY['slack'::text, 'teams'::text])))
);
CREATE TABLE lti_tool.channel_post (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    channel_id uuid NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    refused text
);
ALTER TABLE lti_tool.channel_post ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.channel_post_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.coaching_group (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    number integer NOT NULL,
    formed_at timestamp with time zone NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    course_id uuid,
    course_group_key text
);
CREATE TABLE lti_tool.column_look (
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    url text NOT NULL,
    next_look_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone NOT NULL,
    next_page text DEFAULT ''::text NOT NULL,
    last_whole_at timestamp with time zone
);
CREATE TABLE lti_tool.confirmation (
    tenant_id integer NOT NULL,
    use_id uuid NOT NULL,
    person_id uuid NOT NULL,
    seen boolean NOT NULL,
    grade smallint NOT NULL,
    words text NOT NULL,
    at timestamp with time zone NOT NULL,
    record text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.course (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    key text NOT NULL,
    context_id text NOT NULL,
    title text NOT NULL,
    memberships_url text NOT NULL,
    line_items_url text NOT NULL,
    roster_due_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    copied boolean DEFAULT false NOT NULL,
    term text DEFAULT ''::text NOT NULL,
    waves jsonb DEFAULT '{}'::jsonb NOT NULL,
    groups_url text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.course_group (
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    listed boolean NOT NULL
);
CREATE TABLE lti_tool.course_group_member (
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    key text NOT NULL,
    person_id uuid NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.deployment (
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    deployment_id text NOT NULL,
    status text NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    first_course text DEFAULT ''::text NOT NULL,
    first_host text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_deployment_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'refused'::text])))
);
CREATE TABLE lti_tool.document (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.episode (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    programme text NOT NULL,
    programme_version integer NOT NULL,
    certified_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    wave text DEFAULT ''::text NOT NULL,
    source text DEFAULT 'teacher'::text NOT NULL,
    left_at timestamp with time zone
);
CREATE TABLE lti_tool.erasure (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    person_id uuid,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    tool_done_at timestamp with time zone,
    done_at timestamp with time zone,
    confirmed_by text,
    confirmed_at timestamp with time zone,
    problem text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.exam_score (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    competency text NOT NULL,
    share double precision NOT NULL,
    CONSTRAINT ck_exam_score_share_within CHECK (((share >= (0)::double precision) AND (share <= (1)::double precision)))
);
CREATE TABLE lti_tool.follow_up (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    asked text NOT NULL,
    person_id uuid NOT NULL,
    still_used boolean NOT NULL,
    how_often text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT ck_follow_up_asked_known CHECK ((asked = ANY (ARRAY['learner'::text, 'supervisor'::text])))
);
CREATE TABLE lti_tool.form_draft (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    form text NOT NULL,
    fields jsonb NOT NULL,
    saved_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.grade_outbox (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    attempt_id uuid NOT NULL,
    registration_id integer NOT NULL,
    line_item_url text NOT NULL,
    subject text NOT NULL,
    score double precision NOT NULL,
    maximum double precision NOT NULL,
    comment text NOT NULL,
    at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    refused text,
    replaced boolean DEFAULT false NOT NULL,
    line_items_url text NOT NULL,
    course_id uuid,
    resource_id text NOT NULL,
    label text NOT NULL,
    place text NOT NULL,
    leased_until timestamp with time zone,
    resends integer DEFAULT 0 NOT NULL,
    trouble text,
    found text,
    looked_at timestamp with time zone,
    sent_url text DEFAULT ''::text NOT NULL,
    CONSTRAINT ck_grade_outbox_score_within CHECK (((score >= (0)::double precision) AND (score <= maximum)))
);
ALTER TABLE lti_tool.grade_outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.grade_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.grade_place (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    programme text NOT NULL,
    registration_id integer NOT NULL,
    course_id uuid NOT NULL,
    subject text NOT NULL,
    line_items_url text NOT NULL,
    seen_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.group_member (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    group_id uuid NOT NULL
);
CREATE TABLE lti_tool.handed_in (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    kind text NOT NULL,
    task text NOT NULL,
    words text NOT NULL,
    document_id uuid,
    revision integer NOT NULL,
    at timestamp with time zone NOT NULL,
    peer_id uuid,
    CONSTRAINT ck_handed_in_kind_known CHECK ((kind = ANY (ARRAY['exercise'::text, 'case study'::text])))
);
CREATE TABLE lti_tool.hold (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    from_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone,
    set_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_hold_forwards CHECK ((until_at > from_at))
);
CREATE TABLE lti_tool.identity (
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    subject text NOT NULL,
    person_id uuid NOT NULL,
    sourced_id text DEFAULT ''::text NOT NULL,
    joined_by text DEFAULT 'met'::text NOT NULL,
    joined_at timestamp with time zone DEFAULT now() NOT NULL,
    joined_who text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.installation (
    id uuid NOT NULL
);
CREATE TABLE lti_tool.job_use (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    plan_id uuid NOT NULL,
    task text NOT NULL,
    used_on date NOT NULL,
    words text NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    grade smallint DEFAULT '1'::smallint NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    peer_id uuid
);
CREATE TABLE lti_tool.join_code (
    tenant_id integer NOT NULL,
    code_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    joined_by text NOT NULL,
    registration_id integer,
    subject text,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.launch (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    secret_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    registration_id integer,
    subject text NOT NULL,
    role text NOT NULL,
    locale text NOT NULL,
    resource_link_id text NOT NULL,
    line_item_url text NOT NULL,
    programme text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    course_id uuid,
    message text NOT NULL,
    deployment_id text NOT NULL,
    resource_link_title text NOT NULL,
    return_url text NOT NULL,
    line_items_url text NOT NULL,
    page text NOT NULL,
    review_of text NOT NULL,
    administers boolean NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    deep_linking jsonb,
    missing_parameter text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.launch_log (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    taken boolean NOT NULL,
    message text NOT NULL,
    role text NOT NULL,
    deployment_id text NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL
);
ALTER TABLE lti_tool.launch_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.launch_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.line_item (
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    place text NOT NULL,
    url text NOT NULL,
    label text NOT NULL,
    maximum double precision NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone
);
CREATE TABLE lti_tool.login_state (
    state_hash bytea NOT NULL,
    tenant_id integer NOT NULL,
    registration_id integer NOT NULL,
    browser_hash bytea NOT NULL,
    nonce text NOT NULL,
    target_link_uri text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    asked jsonb NOT NULL
);
CREATE TABLE lti_tool.mail (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    subject text NOT NULL,
    words text NOT NULL,
    programme text NOT NULL,
    path text NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    refused text,
    opened_at timestamp with time zone,
    picture text DEFAULT ''::text NOT NULL,
    question_id uuid
);
ALTER TABLE lti_tool.mail ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.mail_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.mail_link (
    token_hash bytea NOT NULL,
    tenant_id integer NOT NULL,
    mail_id bigint NOT NULL,
    question_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    use_id uuid,
    handed_in_id uuid
);
CREATE TABLE lti_tool.mail_stop (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.mailed_question (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    kind text NOT NULL,
    "interval" text NOT NULL,
    item text NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.mapped_task (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    competency text NOT NULL,
    own boolean NOT NULL,
    added_by uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.meeting (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    group_id uuid NOT NULL,
    number smallint NOT NULL,
    at timestamp with time zone NOT NULL,
    held_at timestamp with time zone
);
CREATE TABLE lti_tool.membership (
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    person_id uuid NOT NULL,
    role text NOT NULL,
    active boolean NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    launched_at timestamp with time zone,
    listed_as_teacher boolean DEFAULT false NOT NULL
);
CREATE TABLE lti_tool.memory (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    competency text NOT NULL,
    card jsonb NOT NULL,
    due_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.no_opportunity (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    words text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.person (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    external_id text,
    manager_id uuid,
    mentor_id uuid,
    team text DEFAULT ''::text NOT NULL,
    site text DEFAULT ''::text NOT NULL,
    job_role text DEFAULT ''::text NOT NULL,
    experience text DEFAULT ''::text NOT NULL,
    started_on date,
    time_zone text DEFAULT ''::text NOT NULL,
    language text DEFAULT ''::text NOT NULL,
    working_days smallint[] DEFAULT '{}'::smallint[] NOT NULL,
    comparison boolean DEFAULT false NOT NULL,
    imported_at timestamp with time zone
);
CREATE TABLE lti_tool.picture (
    tenant_id integer NOT NULL,
    digest text NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.placement (
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    resource_link_id text NOT NULL,
    programme text NOT NULL,
    page text NOT NULL,
    title text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.plan (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    task text NOT NULL,
    what text NOT NULL,
    by_when date,
    with_whom text NOT NULL,
    evidence text NOT NULL,
    obstacle text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    committed_at timestamp with time zone,
    revision integer DEFAULT 0 NOT NULL
);
CREATE TABLE lti_tool.plan_revision (
    tenant_id integer NOT NULL,
    plan_id uuid NOT NULL,
    revision integer NOT NULL,
    task text NOT NULL,
    what text NOT NULL,
    by_when date NOT NULL,
    with_whom text NOT NULL,
    evidence text NOT NULL,
    obstacle text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.platform_registration (
    id integer NOT NULL,
    tenant_id integer NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    auth_login_url text NOT NULL,
    auth_token_url text NOT NULL,
    key_set_url text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL,
    family text NOT NULL,
    status text NOT NULL,
    auth_audience text NOT NULL,
    approve_deployments boolean NOT NULL,
    frame_origins text[] NOT NULL,
    names_people text DEFAULT 'nobody'::text NOT NULL,
    wide_parameter boolean DEFAULT false NOT NULL,
    role_rights jsonb DEFAULT '{}'::jsonb NOT NULL,
    account_names text DEFAULT ''::text NOT NULL,
    management_url text DEFAULT ''::text NOT NULL,
    management_token_sealed text DEFAULT ''::text NOT NULL,
    supported_scopes text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT ck_platform_registration_names_people_known CHECK ((names_people = ANY (ARRAY['nobody'::text, 'id'::text, 'id or address'::text]))),
    CONSTRAINT ck_platform_registration_status_known CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'disabled'::text, 'removed'::text])))
);
ALTER TABLE lti_tool.platform_registration ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.platform_registration_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.presence (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    programme text NOT NULL,
    what text NOT NULL,
    day date NOT NULL
);
CREATE TABLE lti_tool.programme_draft (
    tenant_id integer NOT NULL,
    key text NOT NULL,
    document jsonb NOT NULL,
    revision integer NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    saved_by text NOT NULL,
    archived_at timestamp with time zone
);
CREATE TABLE lti_tool.programme_version (
    tenant_id integer NOT NULL,
    key text NOT NULL,
    version integer NOT NULL,
    document jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.registration_invite (
    id integer NOT NULL,
    tenant_id integer NOT NULL,
    secret_hash bytea NOT NULL,
    note text NOT NULL,
    made_by text NOT NULL,
    approves boolean NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    registration_id integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updates integer
);
ALTER TABLE lti_tool.registration_invite ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.registration_invite_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.remark (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    item text NOT NULL,
    words text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.reminder_times (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    weekdays smallint[] NOT NULL,
    begins time without time zone NOT NULL,
    ends time without time zone NOT NULL
);
CREATE TABLE lti_tool.review (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    handed_in_id uuid NOT NULL,
    reviewer_id uuid NOT NULL,
    relation text NOT NULL,
    good text NOT NULL,
    next_step text NOT NULL,
    weak_content text NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.role_grant (
    tenant_id integer NOT NULL,
    person_id uuid NOT NULL,
    role text NOT NULL,
    granted_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.roster_run (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    course_id uuid NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    pages integer NOT NULL,
    members integer NOT NULL,
    arrived integer NOT NULL,
    departed integer NOT NULL,
    reason text NOT NULL,
    next_url text DEFAULT ''::text NOT NULL,
    skipped integer DEFAULT 0 NOT NULL,
    whole boolean DEFAULT true NOT NULL,
    turn text DEFAULT ''::text NOT NULL,
    groups integer DEFAULT 0 NOT NULL,
    groups_skipped integer DEFAULT 0 NOT NULL,
    groups_reason text DEFAULT ''::text NOT NULL
);
ALTER TABLE lti_tool.roster_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.roster_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.scheduled_act (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    act text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    done_at timestamp with time zone
);
CREATE TABLE lti_tool.scheduled_check (
    tenant_id integer NOT NULL,
    episode_id uuid NOT NULL,
    "interval" text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL
);
CREATE TABLE lti_tool.sign_in_provider (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    name text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    secret_sealed text NOT NULL,
    claim text NOT NULL,
    authorization_url text NOT NULL,
    token_url text NOT NULL,
    keys_url text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.statement_outbox (
    id bigint NOT NULL,
    tenant_id integer NOT NULL,
    statement_id uuid NOT NULL,
    payload bytea NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    refused text
);
ALTER TABLE lti_tool.statement_outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.statement_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.statement_source (
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    activity text NOT NULL,
    home_page text DEFAULT ''::text NOT NULL,
    since jsonb DEFAULT '{}'::jsonb NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    begun integer DEFAULT 0 NOT NULL,
    unmatched integer DEFAULT 0 NOT NULL,
    trouble text DEFAULT ''::text NOT NULL
);
CREATE TABLE lti_tool.tenant (
    tenant_id integer NOT NULL,
    name text NOT NULL,
    lrs_url text,
    lrs_key text NOT NULL,
    lrs_secret_sealed text NOT NULL,
    practice boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    actors_read bigint,
    weekly_minutes integer DEFAULT 10 NOT NULL,
    two_erase boolean DEFAULT true NOT NULL,
    accent text,
    logo_digest text,
    logo_width integer
);
ALTER TABLE lti_tool.tenant ALTER COLUMN tenant_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lti_tool.tenant_tenant_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE lti_tool.tool_key (
    kid text NOT NULL,
    private_sealed text NOT NULL,
    public_jwk jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    signs_from timestamp with time zone DEFAULT now() NOT NULL,
    retires_at timestamp with time zone
);
CREATE TABLE lti_tool.upload (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    purpose text NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE lti_tool.workshop (
    id uuid NOT NULL,
    tenant_id integer NOT NULL,
    programme text NOT NULL,
    criterion text NOT NULL,
    title text NOT NULL,
    offered_by uuid NOT NULL,
    begins_at timestamp with time zone NOT NULL,
    place text NOT NULL,
    offered_at timestamp with time zone NOT NULL,
    cancelled_at timestamp with time zone
);
CREATE TABLE lti_tool.workshop_member (
    tenant_id integer NOT NULL,
    workshop_id uuid NOT NULL,
    episode_id uuid NOT NULL
);
CREATE VIEW report.calendar WITH (security_barrier='true') AS
 SELECT (d)::date AS day,
    (EXTRACT(isoyear FROM d))::integer AS iso_year,
    (EXTRACT(week FROM d))::integer AS iso_week,
    to_char(d, 'IYYY-"W"IW'::text) AS week,
    (date_trunc('week'::text, d))::date AS monday,
    (EXTRACT(year FROM d))::integer AS year,
    (EXTRACT(quarter FROM d))::integer AS quarter,
    (EXTRACT(month FROM d))::integer AS month_of_year,
    to_char(d, 'YYYY-MM'::text) AS month
   FROM generate_series('2015-01-01 00:00:00'::timestamp without time zone, '2035-12-31 00:00:00'::timestamp without time zone, '1 day'::interval) d(d);
COMMENT ON VIEW report.calendar IS 'The days of the years 2015 to 2035. week: of ISO 8601, and monday its first day; month: as the scope_value of a month';
CREATE VIEW report.competency WITH (security_barrier='true') AS
 SELECT DISTINCT v.programme,
    v.part AS competency,
    COALESCE((t.titles ->> 'en'::text), v.part) AS title_en,
    COALESCE((t.titles ->> 'de'::text), v.part) AS title_de,
    COALESCE((t.titles ->> 'es'::text), v.part) AS title_es,
    COALESCE((t.titles ->> 'fr'::text), v.part) AS title_fr
   FROM (analytics.published_value v
     LEFT JOIN analytics.published_title t ON (((t.tenant_id = v.tenant_id) AND (t.activity = v.part))))
  WHERE ((v.metric = 'competency_right'::text) AND (v.programme <> ''::text));
COMMENT ON VIEW report.competency IS 'Each competency of a programme of which values are published. competency: its IRI; titles by language, the IRI where nobody named it. Its values: metric_value, metric competency_right, where it is the part';
CREATE VIEW report.kpi_readings WITH (security_barrier='true') AS
 SELECT r.programme,
    r.kpi,
    k.label,
    k.unit,
    k.more_is_better,
    k.baseline,
    k.target,
    r.subject_kind,
    r.subject,
    r.period_start,
    r.period_end,
    r.value
   FROM (analytics.kpi_reading r
     JOIN analytics.kpi k USING (tenant_id, programme, kpi))
  WHERE ((r.replaced_at IS NULL) AND (EXISTS ( SELECT
           FROM analytics.packet p
          WHERE ((p.tenant_id = r.tenant_id) AND (p.programme = r.programme) AND (p.dimension = r.subject_kind) AND (p.value = r.subject) AND (NOT p.pooled)))));
COMMENT ON VIEW report.kpi_readings IS 'Business figures of teams and sites of which people are told together; those of persons and of others stay where they are. value in the unit of the figure; more_is_better says which way is good';
CREATE VIEW report.metric WITH (security_barrier='true') AS
 SELECT metric,
    version,
    title_en,
    title_de,
    title_es,
    title_fr,
    unit,
    more_is_better,
    is_leading,
    meaning,
    not_meaning,
    formula,
    source,
    parts
   FROM ( VALUES ('retention_observed'::text,2,'Retention'::text,'Behaltenes Wissen'::text,'Conocimiento retenido'::text,'Acquis mémorisés'::text,'share'::text,true,true,'Of the questions people answered for the first time in a scheduled check, the share they got right, by time since certification.'::text,'Not what people who did not answer would have known: see how many answered.'::text,'right first answers / first answers to check items, in the window of the interval; Wilson 95 % interval on the effective number of answers, because those of one person hang together'::text,'Wilson 1927; Brown, Cai & DasGupta 2001; Kish 1965 for the design effect'::text,'1d, 1w, 1m, 3m, 6m'::text), ('retention_response'::text,2,'Who answered'::text,'Wer antwortete'::text,'Quién respondió'::text,'Qui a répondu'::text,'share'::text,true,true,'Of the checks that came due, the share that somebody answered, by interval.'::text,'Not how well they did. Where few answer, retention speaks for few.'::text,'scheduled checks with an answer / scheduled checks due by now'::text,'response rate RR1 of the AAPOR, for a schedule'::text,'1d, 1w, 1m, 3m, 6m'::text), ('retention_worst'::text,2,'Known, if nobody else knows it'::text,'Gewusst, wenn niemand sonst es weiß'::text,'Sabido, si nadie más lo sabe'::text,'Su, si personne d’autre ne le sait'::text,'share'::text,true,false,'Of all checks that came due, the share right if whoever did not answer knew nothing: it cannot be worse.'::text,'Not what is likely. With the other bound it says how far the figure depends on who answers.'::text,'mean over checks due of: right / asked where answered, 0 where not'::text,'worst-case bound of a mean with missing answers (Manski 1989)'::text,'1d, 1w, 1m, 3m, 6m'::text), ('retention_best'::text,2,'Known, if everybody else knows it'::text,'Gewusst, wenn alle anderen es wissen'::text,'Sabido, si todas las demás personas lo saben'::text,'Su, si toutes les autres personnes le savent'::text,'share'::text,true,false,'Of all checks that came due, the share right if whoever did not answer knew all of it: it cannot be better.'::text,'Not what is likely. With the other bound it says how far the figure depends on who answers.'::text,'mean over checks due of: right / asked where answered, 1 where not'::text,'best-case bound of a mean with missing answers (Manski 1989)'::text,'1d, 1w, 1m, 3m, 6m'::text), ('retention_ratio'::text,1,'Kept of the day-0 form'::text,'Behalten, gemessen am Bogen von Tag 0'::text,'Conservado respecto al formulario del día 0'::text,'Conservé par rapport au formulaire du jour 0'::text,'ratio'::text,true,true,'What people know at an interval, of what the same people knew on day 0: 1 is all of it.'::text,'Nothing where no day-0 form was answered: then there is no baseline.'::text,'(right / asked at the interval) / (right / asked on day 0) of the same people; sums, not the mean of persons'' ratios'::text,'ratio of ratio estimators, linearised by person (Cochran 1977, chapter 6)'::text,'1d, 1w, 1m, 3m, 6m'::text), ('retention_of_exam'::text,2,'Kept of the exam'::text,'Behalten, gemessen an der Prüfung'::text,'Conservado respecto al examen'::text,'Conservé par rapport à l’examen'::text,'ratio'::text,true,true,'What people know at an interval, beside what the certification''s exam showed of the same people: 1 is as much.'::text,'The exam asked other questions, so a ratio above or below 1 may be the questions''. Nothing where no exam result came along.'::text,'(right / asked at the interval) / mean exam score of the same people'::text,'ratio of ratio estimators, linearised by person (Cochran 1977, chapter 6)'::text,'1d, 1w, 1m, 3m, 6m'::text), ('transfer_rate'::text,2,'Transfer'::text,'In der Praxis angewendet'::text,'Aplicado en el trabajo'::text,'Mis en pratique'::text,'share'::text,true,false,'Of all people certified, the share whose use of the skill at work somebody else confirmed within 90 days.'::text,'Not the share who say so themselves. Those certified lately still have time: the second line leaves them out.'::text,'certified episodes with a use of evidence grade 2 or more within 90 days / all certified episodes'::text,'Baldwin & Ford 1988; LTEM tier 7 (Thalheimer 2018)'::text,'matured'::text), ('transfer_by_grade'::text,1,'Transfer by who vouches for it'::text,'In der Praxis angewendet, danach, wer es bestätigt'::text,'Aplicado en el trabajo, según quién lo confirma'::text,'Mis en pratique, selon qui le confirme'::text,'share'::text,true,false,'Of all people certified, the share with a use within 90 days, by the least evidence that is asked for.'::text,'The first line is what people say of themselves: it is no evidence of transfer, only of reporting.'::text,'certified episodes with a use of at least this evidence grade within 90 days / all certified episodes'::text,'Baldwin & Ford 1988'::text,'1, 2, 3, 4'::text), ('transfer_where'::text,1,'Transfer of those who could'::text,'Anwendung bei denen, die Gelegenheit hatten'::text,'Aplicado en el trabajo por quienes tuvieron oportunidad'::text,'Mis en pratique par les personnes qui en ont eu l’occasion'::text,'share'::text,true,false,'Verified use within 90 days, of those who committed to a plan, and of those who did not say that they had no opportunity.'::text,'Not the headline: whoever made a plan or had an opportunity was never drawn by lot.'::text,'verified episodes / episodes with a plan; verified episodes / episodes without an unanswered “no opportunity”'::text,'Ford, Quiñones, Sego & Sorra 1992 on opportunity to perform'::text,'planned, opportunity'::text), ('no_opportunity'::text,1,'No opportunity'::text,'Noch keine Gelegenheit'::text,'Aún sin oportunidad'::text,'Pas encore d’occasion'::text,'share'::text,false,true,'Of all people certified, the share who said that there was nothing to use it on, and used it nowhere.'::text,'Not a failing of theirs.'::text,'episodes with “no opportunity” and without a use / all certified episodes'::text,'Ford, Quiñones, Sego & Sorra 1992'::text,''::text), ('transfer_intensity'::text,1,'Breadth of use'::text,'Breite der Anwendung'::text,'Amplitud del uso'::text,'Étendue de la mise en pratique'::text,'tasks'::text,true,false,'On how many different tasks somebody with a plan used it, verified, on average.'::text,'Not how often: one task done every day counts once.'::text,'distinct tasks with a verified use / episodes with a plan; normal 95 % interval'::text,'Baldwin & Ford 1988 (generalisation)'::text,''::text), ('scrap_learning'::text,1,'Scrap learning'::text,'Bis Tag 60 nicht angewendet'::text,'Sin uso a los 60 días'::text,'Non pratiqué à 60 jours'::text,'share'::text,false,false,'Of those certified 60 days ago or more, the share who reported no use at all by day 60.'::text,'Not proof that they did not use it: only that nobody said so.'::text,'episodes without a use by day 60 / episodes certified 60 days ago or more'::text,'Mattox 2010 (delivered but not applied)'::text,''::text), ('time_to_first_use'::text,1,'Days to the first use'::text,'Tage bis zur ersten Anwendung'::text,'Días hasta el primer uso'::text,'Jours jusqu’à la première mise en pratique'::text,'days'::text,false,true,'After how many days half of the people certified have used it.'::text,'Not the mean of those who did: who has not used it yet counts, too.'::text,'Kaplan and Meier''s median of days from certification to first use, censored at leaving or now'::text,'Kaplan & Meier 1958; Brookmeyer & Crowley 1982 for the interval'::text,'any, verified'::text), ('time_to_competency'::text,1,'Days to competency'::text,'Tage bis zur Kompetenz'::text,'Días hasta la competencia'::text,'Jours jusqu’à la compétence'::text,'days'::text,false,false,'After how many days half of the people were seen at the rubric''s bar twice in a row, by a mentor or a manager.'::text,'Not when they could do it, but when somebody had seen it: without looks at the work there is no figure.'::text,'Kaplan and Meier''s median of days from certification to the second of two qualified observations in a row at the bar'::text,'Kaplan & Meier 1958; time-to-proficiency practice (Rosenbaum & Williams 2004)'::text,''::text), ('sustainability'::text,1,'Still done after 90 days'::text,'Nach 90 Tagen noch angewendet'::text,'Aún en uso a los 90 días'::text,'Encore pratiqué à 90 jours'::text,'share'::text,true,false,'Of those with a verified use before day 60, the share still seen doing it 90 days later or more.'::text,'The first line is of those whom somebody looked at; the second counts everybody nobody looked at as not doing it.'::text,'episodes seen doing it 90 days after the first verified use / those looked at; / all of them'::text,'LTEM tier 7, the clause “remembered” (Thalheimer 2018)'::text,'seen, all'::text), ('adoption_due'::text,3,'Adoption'::text,'Beteiligung'::text,'Participación'::text,'Participation'::text,'share'::text,true,true,'Of everything that has come due so far, the share that was done; and of each kind of activity.'::text,'Not how well it was done. What fell due in a pause, or after somebody left, was never due, done or not; nor is an answer to what was not handed in.'::text,'scheduled activities that were finished / scheduled activities due by now, without those due in a pause or after leaving and without answers to exercises and case studies that were scheduled and not handed in'::text,'participation = answered / available'::text,'check, plan, exercise, exercise review, case study, feedback, behaviour assessment, meeting, follow-up'::text), ('reach'::text,1,'Reach'::text,'Reichweite'::text,'Alcance'::text,'Portée'::text,'share'::text,true,true,'Of all people certified, the share who did anything at all afterwards: a check, a plan or a use.'::text,'Not that they went on.'::text,'episodes with an answer in a check, a plan or a use / all certified episodes'::text,'RE-AIM: reach (Glasgow, Vogt & Boles 1999)'::text,''::text), ('checks_started'::text,2,'Checks begun'::text,'Begonnene Checks'::text,'Tests empezados'::text,'Quiz commencés'::text,'share'::text,true,true,'Of the checks that have come due so far, the share that was begun.'::text,'Not that they were finished: adoption says that.'::text,'scheduled checks begun / scheduled checks due by now'::text,'engagement = started / available'::text,''::text), ('rapid_guesses'::text,1,'Rapid guesses'::text,'Schnelles Raten'::text,'Respuestas precipitadas'::text,'Réponses précipitées'::text,'share'::text,false,true,'Of all answers in checks, the share that came faster than the question can be read.'::text,'Not cheating: people who have no time click through.'::text,'answers marked as rapid / answers in checks'::text,'Wise & Kong 2005 (response-time effort)'::text,''::text), ('feedback_by_day_30'::text,2,'Feedback in time'::text,'Rechtzeitige Rückmeldung'::text,'Comentarios a tiempo'::text,'Retours à temps'::text,'share'::text,true,true,'Of the feedback on case studies that has come due, the share given by day 30.'::text,'Not that it was good feedback.'::text,'feedback given by its due date / feedback due by now'::text,'domain A4'::text,''::text), ('reviews_by_day_7'::text,2,'Exercises answered in time'::text,'Rechtzeitig beantwortete Arbeitsproben'::text,'Muestras de trabajo con comentarios a tiempo'::text,'Travaux d’application ayant reçu un retour à temps'::text,'share'::text,true,true,'Of the answers to exercises that have come due, the share given by day 7.'::text,'Not that the exercise was good.'::text,'exercise reviews given by their due date / exercise reviews due by now'::text,'domain A3'::text,''::text), ('answered_within_a_week'::text,1,'Answered within a week of submission'::text,'Innerhalb einer Woche nach dem Einreichen beantwortet'::text,'Respondido en la semana siguiente a la entrega'::text,'Réponse dans la semaine qui suit la remise'::text,'share'::text,true,true,'Of the exercises and case studies that were handed in, the share that somebody answered by the end of the seventh day after.'::text,'Not whether people handed in: what was never handed in needs no answer, and counts nowhere here.'::text,'hand-ins answered within 8 × 24 hours / hand-ins of 8 × 24 hours ago or more whose answer was scheduled'::text,'domain A3 and A4, from the hand-in on'::text,'exercise, case study'::text), ('coaching_attended'::text,2,'Coaching attended'::text,'Teilnahme an der Lerngruppe'::text,'Asistencia al grupo de aprendizaje'::text,'Participation au groupe de pairs'::text,'share'::text,true,true,'Of the places in coaching meetings that have come due, the share that somebody took.'::text,'Not what was agreed there.'::text,'meetings attended / meetings due by now, counted by person'::text,'domain B1'::text,''::text), ('behaviour'::text,1,'Behaviour at work'::text,'Verhalten bei der Arbeit'::text,'Comportamiento en el trabajo'::text,'Comportement au travail'::text,'level from 0 to 1'::text,true,false,'How work that somebody looked at stood on the rubric, from 0 (lowest level) to 1 (highest), by who looked.'::text,'Levels of different raters mean the same only where their agreement says so.'::text,'mean over assessments of the mean of (level − 1) / (levels − 1) over criteria; normal 95 % interval'::text,'domain D1'::text,'manager, mentor, peer, learner'::text), ('learning_gain'::text,2,'Learned of what there was to learn'::text,'Gelernt von dem, was zu lernen war'::text,'Aprendido de lo que había que aprender'::text,'Appris de ce qu’il y avait à apprendre'::text,'share'::text,true,false,'Of what people did not know before the training, the share that they knew in the exam after it.'::text,'Not what lasts: that is retention. Two tests of different difficulty shift it. Nothing where no test was taken before.'::text,'Σ (exam − test before) / Σ (1 − test before), of people with both; interval linearised by person; from 20 people on'::text,'normalised gain (Hake 1998)'::text,''::text), ('learning_efficiency'::text,2,'Learned in an hour'::text,'In einer Stunde gelernt'::text,'Aprendido en una hora'::text,'Appris en une heure'::text,'share'::text,true,false,'How much of what there was to learn, people learned in one hour of training.'::text,'Not better because it is shorter: hold it beside retention. Hours are those that the certification''s source says.'::text,'(Σ (exam − test before) / Σ (1 − test before)) / mean hours, of people with all three; from 20 people on'::text,'normalised gain (Hake 1998), by learning time'::text,''::text), ('nudges_opened'::text,1,'Reminders followed'::text,'Befolgte Erinnerungen'::text,'Recordatorios seguidos'::text,'Rappels suivis'::text,'share'::text,true,true,'Of the mails that remind or ask, the share whose link somebody followed.'::text,'Not the share that was read: looks at a mail are not counted.'::text,'mails whose link was followed / mails handed to the mail server'::text,'clicks, not pixels: mail programs fetch pictures by themselves'::text,''::text)) t(metric, version, title_en, title_de, title_es, title_fr, unit, more_is_better, is_leading, meaning, not_meaning, formula, source, parts);
COMMENT ON VIEW report.metric IS 'The catalogue of metrics. metric: its key; parts: the keys of its parts beside the whole, with commas between; titles by language';
CREATE VIEW report.metric_part WITH (security_barrier='true') AS
 SELECT metric,
    part,
    "position",
    title_en,
    title_de,
    title_es,
    title_fr
   FROM ( VALUES ('retention_observed'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_observed'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_observed'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_observed'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_observed'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('retention_response'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_response'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_response'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_response'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_response'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('retention_worst'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_worst'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_worst'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_worst'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_worst'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('retention_best'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_best'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_best'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_best'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_best'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('retention_ratio'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_ratio'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_ratio'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_ratio'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_ratio'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('retention_of_exam'::text,'1d'::text,1,'1 day'::text,'1 Tag'::text,'1 día'::text,'1 jour'::text), ('retention_of_exam'::text,'1w'::text,2,'1 week'::text,'1 Woche'::text,'1 semana'::text,'1 semaine'::text), ('retention_of_exam'::text,'1m'::text,3,'1 month'::text,'1 Monat'::text,'1 mes'::text,'1 mois'::text), ('retention_of_exam'::text,'3m'::text,4,'3 months'::text,'3 Monaten'::text,'3 meses'::text,'3 mois'::text), ('retention_of_exam'::text,'6m'::text,5,'6 months'::text,'6 Monaten'::text,'6 meses'::text,'6 mois'::text), ('transfer_rate'::text,''::text,1,'All certified'::text,'Alle Zertifizierten'::text,'Todas las personas certificadas'::text,'Toutes les personnes certifiées'::text), ('transfer_rate'::text,'matured'::text,2,'Certified 90 days ago or more'::text,'Vor 90 Tagen oder mehr zertifiziert'::text,'Personas con certificación desde hace 90 días o más'::text,'Certifiées il y a 90 jours ou plus'::text), ('transfer_by_grade'::text,'1'::text,1,'Said so themselves'::text,'Eigene Angabe'::text,'Declarado'::text,'Déclaratif'::text), ('transfer_by_grade'::text,'2'::text,2,'Colleague or higher'::text,'Gruppe oder mehr'::text,'Colega o más'::text,'Collègue ou plus'::text), ('transfer_by_grade'::text,'3'::text,3,'The supervisor or more'::text,'Die Führungskraft oder mehr'::text,'Responsable o más'::text,'La personne responsable ou plus'::text), ('transfer_by_grade'::text,'4'::text,4,'A work record'::text,'Ein Nachweis aus dem Arbeitssystem'::text,'Un registro de trabajo'::text,'Une trace du système métier'::text), ('transfer_where'::text,'planned'::text,1,'Those with a plan'::text,'Die mit einem Plan'::text,'Quienes tienen un plan'::text,'Les personnes qui ont un plan'::text), ('transfer_where'::text,'opportunity'::text,2,'Those with an opportunity'::text,'Die mit einer Gelegenheit'::text,'Quienes tuvieron una oportunidad'::text,'Les personnes qui ont eu une occasion'::text), ('no_opportunity'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('transfer_intensity'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('scrap_learning'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('time_to_first_use'::text,'any'::text,1,'Reported'::text,'Gemeldet'::text,'Declarado'::text,'Déclaré'::text), ('time_to_first_use'::text,'verified'::text,2,'Verified'::text,'Bestätigt'::text,'Confirmado'::text,'Confirmé'::text), ('time_to_competency'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('sustainability'::text,'seen'::text,1,'Of those looked at'::text,'Von denen, die beobachtet wurden'::text,'De quienes fueron observados'::text,'Des personnes observées'::text), ('sustainability'::text,'all'::text,2,'Of all, unseen as not'::text,'Alle (nicht beobachtet = nein)'::text,'Total (no observado = no)'::text,'Tous (non observé = non)'::text), ('adoption_due'::text,''::text,1,'Everything due so far'::text,'Alles bisher Fällige'::text,'Todo lo previsto hasta ahora'::text,'Tout ce qui était prévu jusqu’ici'::text), ('adoption_due'::text,'check'::text,2,'Checks'::text,'Checks'::text,'Tests de seguimiento'::text,'Quiz de suivi'::text), ('adoption_due'::text,'plan'::text,3,'Transfer plans'::text,'Umsetzungspläne'::text,'Planes de acción'::text,'Plans d’action'::text), ('adoption_due'::text,'exercise'::text,4,'Exercises'::text,'Arbeitsproben'::text,'Muestras de trabajo'::text,'Travaux d’application'::text), ('adoption_due'::text,'exercise review'::text,5,'Reviews of exercises'::text,'Rückmeldungen zu Arbeitsproben'::text,'Comentarios sobre muestras de trabajo'::text,'Retours sur les travaux d’application'::text), ('adoption_due'::text,'case study'::text,6,'Case studies'::text,'Praxisberichte'::text,'Casos reales'::text,'Retours d’expérience'::text), ('adoption_due'::text,'feedback'::text,7,'Feedback on case studies'::text,'Rückmeldung zu Praxisberichten'::text,'Comentarios sobre casos reales'::text,'Commentaires sur les retours d’expérience'::text), ('adoption_due'::text,'behaviour assessment'::text,8,'Looks at the work'::text,'Praxisbeobachtungen'::text,'Observaciones en el trabajo'::text,'Observations au travail'::text), ('adoption_due'::text,'meeting'::text,9,'Coaching meetings'::text,'Treffen der Lerngruppe'::text,'Reuniones del grupo de aprendizaje'::text,'Réunions du groupe de pairs'::text), ('adoption_due'::text,'follow-up'::text,10,'Follow-ups'::text,'Nachfragen'::text,'Seguimientos'::text,'Suivis'::text), ('reach'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('checks_started'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('rapid_guesses'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('feedback_by_day_30'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('reviews_by_day_7'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('answered_within_a_week'::text,''::text,1,'Both'::text,'Beides'::text,'Ambos'::text,'Les deux'::text), ('answered_within_a_week'::text,'exercise'::text,2,'Exercises'::text,'Arbeitsproben'::text,'Muestras de trabajo'::text,'Travaux d’application'::text), ('answered_within_a_week'::text,'case study'::text,3,'Case studies'::text,'Praxisberichte'::text,'Casos reales'::text,'Retours d’expérience'::text), ('coaching_attended'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('behaviour'::text,'manager'::text,1,'Managers'::text,'Führungskräfte'::text,'Responsables'::text,'Responsables'::text), ('behaviour'::text,'mentor'::text,2,'Mentors'::text,'Lernbegleitungen'::text,'Mentorías'::text,'Personnes référentes'::text), ('behaviour'::text,'peer'::text,3,'Peers'::text,'Kolleginnen und Kollegen'::text,'Colegas'::text,'Collègues'::text), ('behaviour'::text,'learner'::text,4,'Learners of themselves'::text,'Teilnehmende über sich selbst'::text,'Participantes sobre sí mismos'::text,'Auto-évaluation des personnes inscrites'::text), ('learning_gain'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('learning_efficiency'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text), ('nudges_opened'::text,''::text,1,'All'::text,'Alle'::text,'Todos'::text,'Tous'::text)) t(metric, part, "position", title_en, title_de, title_es, title_fr);
COMMENT ON VIEW report.metric_part IS 'The parts of metrics, such as the intervals of retention. part: its key, empty for the whole; position: its place among the parts';
CREATE VIEW report.metric_value WITH (security_barrier='true') AS
 SELECT NULLIF(v.programme, ''::text) AS programme,
        CASE v.programme
            WHEN ''::text THEN 'all programmes'::text
            ELSE v.scope
        END AS scope,
    v.scope_value,
    v.metric,
    v.part,
    v.day,
    v.numerator,
    v.denominator,
    v.value,
    v.ci_low,
    v.ci_high,
    v.people,
    v.status,
    v.waits_until,
    v.version,
    v.released_at,
    array_to_string(ARRAY( SELECT json_array_elements_text(v.flags) AS json_array_elements_text), '; '::text) AS flags,
    m.unit,
    m.title_en AS metric_en,
    m.title_de AS metric_de,
    m.title_es AS metric_es,
    m.title_fr AS metric_fr,
    COALESCE(p.title_en, (t.titles ->> 'en'::text), v.part) AS part_en,
    COALESCE(p.title_de, (t.titles ->> 'de'::text), v.part) AS part_de,
    COALESCE(p.title_es, (t.titles ->> 'es'::text), v.part) AS part_es,
    COALESCE(p.title_fr, (t.titles ->> 'fr'::text), v.part) AS part_fr
   FROM (((analytics.published_value v
     LEFT JOIN report.metric m ON ((m.metric = v.metric)))
     LEFT JOIN report.metric_part p ON (((p.metric = v.metric) AND (p.part = v.part))))
     LEFT JOIN analytics.published_title t ON (((t.tenant_id = v.tenant_id) AND (t.activity = v.part))))
  WHERE ((m.version IS NULL) OR (m.version = v.version));
COMMENT ON VIEW report.metric_value IS 'What is published: a row for each metric, part and day, over each group. programme: IRI, none for all programmes together; scope and scope_value: what it is over; day: days after the certification at which people were looked at; people: who contribute; status: shown, waiting (waits_until: not before that day) or too few; ci_low and ci_high: the 95 % interval';
CREATE VIEW report.programme WITH (security_barrier='true') AS
 SELECT g.programme,
    g.dimension,
    g.people,
    g.first_formed_on,
    g.last_formed_on,
    COALESCE((t.titles ->> 'en'::text), g.programme) AS title_en,
    COALESCE((t.titles ->> 'de'::text), g.programme) AS title_de,
    COALESCE((t.titles ->> 'es'::text), g.programme) AS title_es,
    COALESCE((t.titles ->> 'fr'::text), g.programme) AS title_fr
   FROM (( SELECT packet.tenant_id,
            packet.programme,
            sum(packet.people) AS people,
            min(packet.formed_on) AS first_formed_on,
            max(packet.formed_on) AS last_formed_on,
            (array_agg(packet.dimension ORDER BY packet.packet_id DESC))[1] AS dimension
           FROM analytics.packet
          GROUP BY packet.tenant_id, packet.programme) g
     LEFT JOIN analytics.published_title t ON (((t.tenant_id = g.tenant_id) AND (t.activity = g.programme))));
COMMENT ON VIEW report.programme IS 'Programmes of which people are told together. programme: IRI; titles by language, the IRI where nobody named it; people: those in groups (who was certified twice may be in two); first_formed_on and last_formed_on: the Mondays of the first and the last group; dimension: what the last was formed by';
CREATE VIEW report.question WITH (security_barrier='true') AS
 SELECT DISTINCT v.programme,
    v.part AS question,
    COALESCE((t.titles ->> 'en'::text), v.part) AS title_en,
    COALESCE((t.titles ->> 'de'::text), v.part) AS title_de,
    COALESCE((t.titles ->> 'es'::text), v.part) AS title_es,
    COALESCE((t.titles ->> 'fr'::text), v.part) AS title_fr
   FROM (analytics.published_value v
     LEFT JOIN analytics.published_title t ON (((t.tenant_id = v.tenant_id) AND (t.activity = v.part))))
  WHERE ((v.metric = 'question_right'::text) AND (v.programme <> ''::text));
COMMENT ON VIEW report.question IS 'Each question of a programme of which values are published. question: its IRI; titles by language, the IRI where nobody named it. Its values: metric_value, metric question_right, where it is the part';
CREATE VIEW report.team WITH (security_barrier='true') AS
 SELECT programme,
    dimension AS kind,
    value AS team,
    string_agg(DISTINCT wave, ', '::text ORDER BY wave) AS waves,
    sum(people) AS people,
    min(formed_on) AS first_formed_on,
    max(formed_on) AS last_formed_on
   FROM analytics.packet
  WHERE ((value IS NOT NULL) AND (NOT pooled))
  GROUP BY programme, dimension, value;
COMMENT ON VIEW report.team IS 'The teams, sites or roles of a programme, whichever it declares. kind: team, site or role; waves: with commas between; people: those in groups';
ALTER TABLE ONLY analytics.publication_request ALTER COLUMN tenant_id SET DEFAULT nextval('analytics.publication_request_tenant_id_seq'::regclass);
ALTER TABLE ONLY lrs.agent_rekeying ALTER COLUMN tenant_id SET DEFAULT nextval('lrs.agent_rekeying_tenant_id_seq'::regclass);
ALTER TABLE ONLY analytics.activity_mapping
    ADD CONSTRAINT pk_activity_mapping PRIMARY KEY (tenant_id, mapping_id);
ALTER TABLE ONLY analytics.alarm
    ADD CONSTRAINT pk_alarm PRIMARY KEY (tenant_id, alarm_id);
ALTER TABLE ONLY analytics.baseline
    ADD CONSTRAINT pk_baseline PRIMARY KEY (tenant_id, baseline_id);
ALTER TABLE ONLY analytics.borrowed
    ADD CONSTRAINT pk_borrowed PRIMARY KEY (tenant_id, registration, ord);
ALTER TABLE ONLY analytics.computed
    ADD CONSTRAINT pk_computed PRIMARY KEY (tenant_id, programme, report);
ALTER TABLE ONLY analytics.cost
    ADD CONSTRAINT pk_cost PRIMARY KEY (tenant_id, cost_id);
ALTER TABLE ONLY analytics.export
    ADD CONSTRAINT pk_export PRIMARY KEY (tenant_id, export_id);
ALTER TABLE ONLY analytics.fact_activity
    ADD CONSTRAINT pk_fact_activity PRIMARY KEY (tenant_id, registration, activity);
ALTER TABLE ONLY analytics.fact_check
    ADD CONSTRAINT pk_fact_check PRIMARY KEY (tenant_id, registration, "interval");
ALTER TABLE ONLY analytics.fact_competency
    ADD CONSTRAINT pk_fact_competency PRIMARY KEY (tenant_id, registration, competency);
ALTER TABLE ONLY analytics.fact_episode
    ADD CONSTRAINT pk_fact_episode PRIMARY KEY (tenant_id, registration);
ALTER TABLE ONLY analytics.fact_presence
    ADD CONSTRAINT pk_fact_presence PRIMARY KEY (tenant_id, ord);
ALTER TABLE ONLY analytics.fact_rating
    ADD CONSTRAINT pk_fact_rating PRIMARY KEY (tenant_id, ord, criterion);
ALTER TABLE ONLY analytics.fact_recall
    ADD CONSTRAINT pk_fact_recall PRIMARY KEY (tenant_id, registration, "interval", item);
ALTER TABLE ONLY analytics.fact_use
    ADD CONSTRAINT pk_fact_use PRIMARY KEY (tenant_id, registration, ord);
ALTER TABLE ONLY analytics.kpi
    ADD CONSTRAINT pk_kpi PRIMARY KEY (tenant_id, programme, kpi);
ALTER TABLE ONLY analytics.kpi_reading
    ADD CONSTRAINT pk_kpi_reading PRIMARY KEY (tenant_id, reading_id);
ALTER TABLE ONLY analytics.mapped_actor
    ADD CONSTRAINT pk_mapped_actor PRIMARY KEY (tenant_id, mapping_id, agent);
ALTER TABLE ONLY analytics.packet
    ADD CONSTRAINT pk_packet PRIMARY KEY (tenant_id, packet_id);
ALTER TABLE ONLY analytics.packet_member
    ADD CONSTRAINT pk_packet_member PRIMARY KEY (tenant_id, registration);
ALTER TABLE ONLY analytics.packet_waiting
    ADD CONSTRAINT pk_packet_waiting PRIMARY KEY (tenant_id, registration);
ALTER TABLE ONLY analytics.person_merge
    ADD CONSTRAINT pk_person_merge PRIMARY KEY (tenant_id, merge_id);
ALTER TABLE ONLY analytics.publication
    ADD CONSTRAINT pk_publication PRIMARY KEY (tenant_id, publication_id);
ALTER TABLE ONLY analytics.publication_request
    ADD CONSTRAINT pk_publication_request PRIMARY KEY (tenant_id);
ALTER TABLE ONLY analytics.published_month
    ADD CONSTRAINT pk_published_month PRIMARY KEY (tenant_id, programme, metric, first_month);
ALTER TABLE ONLY analytics.published_row
    ADD CONSTRAINT pk_published_row PRIMARY KEY (tenant_id, row_id);
ALTER TABLE ONLY analytics.published_title
    ADD CONSTRAINT pk_published_title PRIMARY KEY (tenant_id, activity);
ALTER TABLE ONLY analytics.published_value
    ADD CONSTRAINT pk_published_value PRIMARY KEY (tenant_id, programme, scope, scope_value, metric, part, day);
ALTER TABLE ONLY analytics.publishing_rule
    ADD CONSTRAINT pk_publishing_rule PRIMARY KEY (tenant_id, programme);
ALTER TABLE ONLY analytics.reporting_user
    ADD CONSTRAINT pk_reporting_user PRIMARY KEY (role);
ALTER TABLE ONLY analytics.scorecard
    ADD CONSTRAINT pk_scorecard PRIMARY KEY (tenant_id, programme, version);
ALTER TABLE ONLY analytics.uncomputed
    ADD CONSTRAINT pk_uncomputed PRIMARY KEY (tenant_id, mark);
ALTER TABLE ONLY analytics.uncountable
    ADD CONSTRAINT pk_uncountable PRIMARY KEY (tenant_id, ord, registration);
ALTER TABLE ONLY analytics.unwanted
    ADD CONSTRAINT pk_unwanted PRIMARY KEY (tenant_id, day, reason);
ALTER TABLE ONLY analytics.unwanted_day
    ADD CONSTRAINT pk_unwanted_day PRIMARY KEY (tenant_id, day, taken);
ALTER TABLE ONLY analytics.valuation
    ADD CONSTRAINT pk_valuation PRIMARY KEY (tenant_id, programme, kpi, version);
ALTER TABLE ONLY analytics.week_figure
    ADD CONSTRAINT pk_week_figure PRIMARY KEY (tenant_id, figure_id);
ALTER TABLE ONLY lrs.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY lrs.activity_definition
    ADD CONSTRAINT pk_activity_definition PRIMARY KEY (tenant_id, activity, digest);
ALTER TABLE ONLY lrs.agent_rekeying
    ADD CONSTRAINT pk_agent_rekeying PRIMARY KEY (tenant_id);
ALTER TABLE ONLY lrs.attachment
    ADD CONSTRAINT pk_attachment PRIMARY KEY (tenant_id, sha2);
ALTER TABLE ONLY lrs.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (tenant_id, audit_id);
ALTER TABLE ONLY lrs.authority
    ADD CONSTRAINT pk_authority PRIMARY KEY (tenant_id, authority_id);
ALTER TABLE ONLY lrs.cold_file
    ADD CONSTRAINT pk_cold_file PRIMARY KEY (tenant_id, first_ord);
ALTER TABLE ONLY lrs.cold_trash
    ADD CONSTRAINT pk_cold_trash PRIMARY KEY (tenant_id, sha2);
ALTER TABLE ONLY lrs.credential
    ADD CONSTRAINT pk_credential PRIMARY KEY (key);
ALTER TABLE ONLY lrs.dead_letter
    ADD CONSTRAINT pk_dead_letter PRIMARY KEY (tenant_id, forward_id, ord);
ALTER TABLE ONLY lrs.document
    ADD CONSTRAINT pk_document PRIMARY KEY (tenant_id, place);
ALTER TABLE ONLY lrs.forward
    ADD CONSTRAINT pk_forward PRIMARY KEY (tenant_id, forward_id);
ALTER TABLE ONLY lrs.import_run
    ADD CONSTRAINT pk_import_run PRIMARY KEY (tenant_id, source);
ALTER TABLE ONLY lrs.job_cursor
    ADD CONSTRAINT pk_job_cursor PRIMARY KEY (tenant_id, job);
ALTER TABLE ONLY lrs.removal
    ADD CONSTRAINT pk_removal PRIMARY KEY (tenant_id, removal_id);
ALTER TABLE ONLY lrs.retention_rule
    ADD CONSTRAINT pk_retention_rule PRIMARY KEY (tenant_id, rule_id);
ALTER TABLE ONLY lrs.statement
    ADD CONSTRAINT pk_statement PRIMARY KEY (tenant_id, ord);
ALTER TABLE ONLY lrs.statement_attachment
    ADD CONSTRAINT pk_statement_attachment PRIMARY KEY (tenant_id, ord, sha2);
ALTER TABLE ONLY lrs.statement_payload
    ADD CONSTRAINT pk_statement_payload PRIMARY KEY (tenant_id, ord);
ALTER TABLE ONLY lrs.statement_ref
    ADD CONSTRAINT pk_statement_ref PRIMARY KEY (tenant_id, ord);
ALTER TABLE ONLY lrs.statement_rel
    ADD CONSTRAINT pk_statement_rel PRIMARY KEY (tenant_id, key, ord);
ALTER TABLE ONLY lrs.template_break
    ADD CONSTRAINT pk_template_break PRIMARY KEY (tenant_id, ord, template);
ALTER TABLE ONLY lrs.tenant
    ADD CONSTRAINT pk_tenant PRIMARY KEY (tenant_id);
ALTER TABLE ONLY lrs.token_issuer
    ADD CONSTRAINT pk_token_issuer PRIMARY KEY (tenant_id, issuer, audience);
ALTER TABLE ONLY lrs.uncounted
    ADD CONSTRAINT pk_uncounted PRIMARY KEY (tenant_id, ord);
ALTER TABLE ONLY lrs.uncounted_episode
    ADD CONSTRAINT pk_uncounted_episode PRIMARY KEY (tenant_id, registration);
ALTER TABLE ONLY lrs.voiding
    ADD CONSTRAINT pk_voiding PRIMARY KEY (tenant_id, target, ord);
ALTER TABLE ONLY lrs.authority
    ADD CONSTRAINT uq_authority_tenant_id_name UNIQUE (tenant_id, name);
ALTER TABLE ONLY lrs.statement
    ADD CONSTRAINT uq_statement_tenant_id_id UNIQUE (tenant_id, id);
ALTER TABLE ONLY lrs.tenant
    ADD CONSTRAINT uq_tenant_name UNIQUE (name);
ALTER TABLE ONLY lrs.token_issuer
    ADD CONSTRAINT uq_token_issuer_issuer_audience UNIQUE (issuer, audience);
ALTER TABLE ONLY lti_tool.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY lti_tool.accepted_badge
    ADD CONSTRAINT pk_accepted_badge PRIMARY KEY (tenant_id, programme, badge);
ALTER TABLE ONLY lti_tool.access_token
    ADD CONSTRAINT pk_access_token PRIMARY KEY (tenant_id, registration_id, scope);
ALTER TABLE ONLY lti_tool.actor_link
    ADD CONSTRAINT pk_actor_link PRIMARY KEY (tenant_id, identity);
ALTER TABLE ONLY lti_tool.admin_session
    ADD CONSTRAINT pk_admin_session PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.agreed_action
    ADD CONSTRAINT pk_agreed_action PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.answer
    ADD CONSTRAINT pk_answer PRIMARY KEY (tenant_id, attempt_id, "position");
ALTER TABLE ONLY lti_tool.assessment
    ADD CONSTRAINT pk_assessment PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.assessment_request
    ADD CONSTRAINT pk_assessment_request PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.attempt
    ADD CONSTRAINT pk_attempt PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.attendance
    ADD CONSTRAINT pk_attendance PRIMARY KEY (tenant_id, meeting_id, episode_id);
ALTER TABLE ONLY lti_tool.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (audit_id);
ALTER TABLE ONLY lti_tool.calibration
    ADD CONSTRAINT pk_calibration PRIMARY KEY (tenant_id, rater_id, programme, case_key);
ALTER TABLE ONLY lti_tool.certifying_column
    ADD CONSTRAINT pk_certifying_column PRIMARY KEY (tenant_id, course_id, programme);
ALTER TABLE ONLY lti_tool.channel
    ADD CONSTRAINT pk_channel PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.channel_post
    ADD CONSTRAINT pk_channel_post PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.coaching_group
    ADD CONSTRAINT pk_coaching_group PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.column_look
    ADD CONSTRAINT pk_column_look PRIMARY KEY (tenant_id, registration_id, url);
ALTER TABLE ONLY lti_tool.confirmation
    ADD CONSTRAINT pk_confirmation PRIMARY KEY (tenant_id, use_id, person_id);
ALTER TABLE ONLY lti_tool.course
    ADD CONSTRAINT pk_course PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.course_group
    ADD CONSTRAINT pk_course_group PRIMARY KEY (tenant_id, course_id, key);
ALTER TABLE ONLY lti_tool.course_group_member
    ADD CONSTRAINT pk_course_group_member PRIMARY KEY (tenant_id, course_id, key, person_id);
ALTER TABLE ONLY lti_tool.deployment
    ADD CONSTRAINT pk_deployment PRIMARY KEY (tenant_id, registration_id, deployment_id);
ALTER TABLE ONLY lti_tool.document
    ADD CONSTRAINT pk_document PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.episode
    ADD CONSTRAINT pk_episode PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.erasure
    ADD CONSTRAINT pk_erasure PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.exam_score
    ADD CONSTRAINT pk_exam_score PRIMARY KEY (tenant_id, episode_id, competency);
ALTER TABLE ONLY lti_tool.follow_up
    ADD CONSTRAINT pk_follow_up PRIMARY KEY (tenant_id, episode_id, asked);
ALTER TABLE ONLY lti_tool.form_draft
    ADD CONSTRAINT pk_form_draft PRIMARY KEY (tenant_id, person_id, form);
ALTER TABLE ONLY lti_tool.grade_outbox
    ADD CONSTRAINT pk_grade_outbox PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.grade_place
    ADD CONSTRAINT pk_grade_place PRIMARY KEY (tenant_id, person_id, programme);
ALTER TABLE ONLY lti_tool.group_member
    ADD CONSTRAINT pk_group_member PRIMARY KEY (tenant_id, episode_id);
ALTER TABLE ONLY lti_tool.handed_in
    ADD CONSTRAINT pk_handed_in PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.hold
    ADD CONSTRAINT pk_hold PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.identity
    ADD CONSTRAINT pk_identity PRIMARY KEY (tenant_id, registration_id, subject);
ALTER TABLE ONLY lti_tool.installation
    ADD CONSTRAINT pk_installation PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.job_use
    ADD CONSTRAINT pk_job_use PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.join_code
    ADD CONSTRAINT pk_join_code PRIMARY KEY (tenant_id, code_hash);
ALTER TABLE ONLY lti_tool.launch
    ADD CONSTRAINT pk_launch PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.launch_log
    ADD CONSTRAINT pk_launch_log PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.line_item
    ADD CONSTRAINT pk_line_item PRIMARY KEY (tenant_id, registration_id, place);
ALTER TABLE ONLY lti_tool.login_state
    ADD CONSTRAINT pk_login_state PRIMARY KEY (state_hash);
ALTER TABLE ONLY lti_tool.mail
    ADD CONSTRAINT pk_mail PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.mail_link
    ADD CONSTRAINT pk_mail_link PRIMARY KEY (token_hash);
ALTER TABLE ONLY lti_tool.mail_stop
    ADD CONSTRAINT pk_mail_stop PRIMARY KEY (tenant_id, person_id, kind);
ALTER TABLE ONLY lti_tool.mailed_question
    ADD CONSTRAINT pk_mailed_question PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.mapped_task
    ADD CONSTRAINT pk_mapped_task PRIMARY KEY (tenant_id, episode_id, key);
ALTER TABLE ONLY lti_tool.meeting
    ADD CONSTRAINT pk_meeting PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.membership
    ADD CONSTRAINT pk_membership PRIMARY KEY (tenant_id, course_id, person_id);
ALTER TABLE ONLY lti_tool.memory
    ADD CONSTRAINT pk_memory PRIMARY KEY (tenant_id, episode_id, competency);
ALTER TABLE ONLY lti_tool.no_opportunity
    ADD CONSTRAINT pk_no_opportunity PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.person
    ADD CONSTRAINT pk_person PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.picture
    ADD CONSTRAINT pk_picture PRIMARY KEY (tenant_id, digest);
ALTER TABLE ONLY lti_tool.placement
    ADD CONSTRAINT pk_placement PRIMARY KEY (tenant_id, course_id, resource_link_id);
ALTER TABLE ONLY lti_tool.plan
    ADD CONSTRAINT pk_plan PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.plan_revision
    ADD CONSTRAINT pk_plan_revision PRIMARY KEY (tenant_id, plan_id, revision);
ALTER TABLE ONLY lti_tool.platform_registration
    ADD CONSTRAINT pk_platform_registration PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.presence
    ADD CONSTRAINT pk_presence PRIMARY KEY (tenant_id, person_id, programme, what, day);
ALTER TABLE ONLY lti_tool.programme_draft
    ADD CONSTRAINT pk_programme_draft PRIMARY KEY (tenant_id, key);
ALTER TABLE ONLY lti_tool.programme_version
    ADD CONSTRAINT pk_programme_version PRIMARY KEY (tenant_id, key, version);
ALTER TABLE ONLY lti_tool.registration_invite
    ADD CONSTRAINT pk_registration_invite PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.remark
    ADD CONSTRAINT pk_remark PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.reminder_times
    ADD CONSTRAINT pk_reminder_times PRIMARY KEY (tenant_id, person_id);
ALTER TABLE ONLY lti_tool.review
    ADD CONSTRAINT pk_review PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.role_grant
    ADD CONSTRAINT pk_role_grant PRIMARY KEY (tenant_id, person_id, role);
ALTER TABLE ONLY lti_tool.roster_run
    ADD CONSTRAINT pk_roster_run PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.scheduled_act
    ADD CONSTRAINT pk_scheduled_act PRIMARY KEY (tenant_id, episode_id, act);
ALTER TABLE ONLY lti_tool.scheduled_check
    ADD CONSTRAINT pk_scheduled_check PRIMARY KEY (tenant_id, episode_id, "interval");
ALTER TABLE ONLY lti_tool.sign_in_provider
    ADD CONSTRAINT pk_sign_in_provider PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.statement_outbox
    ADD CONSTRAINT pk_statement_outbox PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.statement_source
    ADD CONSTRAINT pk_statement_source PRIMARY KEY (tenant_id, programme, activity);
ALTER TABLE ONLY lti_tool.tenant
    ADD CONSTRAINT pk_tenant PRIMARY KEY (tenant_id);
ALTER TABLE ONLY lti_tool.tool_key
    ADD CONSTRAINT pk_tool_key PRIMARY KEY (kid);
ALTER TABLE ONLY lti_tool.upload
    ADD CONSTRAINT pk_upload PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.workshop
    ADD CONSTRAINT pk_workshop PRIMARY KEY (id);
ALTER TABLE ONLY lti_tool.workshop_member
    ADD CONSTRAINT pk_workshop_member PRIMARY KEY (tenant_id, workshop_id, episode_id);
ALTER TABLE ONLY lti_tool.admin_session
    ADD CONSTRAINT uq_admin_session_link_hash UNIQUE (link_hash);
ALTER TABLE ONLY lti_tool.channel_post
    ADD CONSTRAINT uq_channel_post_tenant_id_channel_id_key UNIQUE (tenant_id, channel_id, key);
ALTER TABLE ONLY lti_tool.coaching_group
    ADD CONSTRAINT uq_coaching_group_tenant_id_programme_number UNIQUE (tenant_id, programme, number);
ALTER TABLE ONLY lti_tool.course
    ADD CONSTRAINT uq_course_tenant_id_registration_id_key UNIQUE (tenant_id, registration_id, key);
ALTER TABLE ONLY lti_tool.episode
    ADD CONSTRAINT uq_episode_tenant_id_person_id_programme UNIQUE (tenant_id, person_id, programme);
ALTER TABLE ONLY lti_tool.grade_outbox
    ADD CONSTRAINT uq_grade_outbox_tenant_id_attempt_id UNIQUE (tenant_id, attempt_id);
ALTER TABLE ONLY lti_tool.handed_in
    ADD CONSTRAINT uq_handed_in_tenant_id_episode_id_kind UNIQUE (tenant_id, episode_id, kind);
ALTER TABLE ONLY lti_tool.mail
    ADD CONSTRAINT uq_mail_tenant_id_person_id_key UNIQUE (tenant_id, person_id, key);
ALTER TABLE ONLY lti_tool.meeting
    ADD CONSTRAINT uq_meeting_tenant_id_group_id_number UNIQUE (tenant_id, group_id, number);
ALTER TABLE ONLY lti_tool.plan
    ADD CONSTRAINT uq_plan_tenant_id_episode_id UNIQUE (tenant_id, episode_id);
ALTER TABLE ONLY lti_tool.registration_invite
    ADD CONSTRAINT uq_registration_invite_secret_hash UNIQUE (secret_hash);
ALTER TABLE ONLY lti_tool.review
    ADD CONSTRAINT uq_review_tenant_id_handed_in_id UNIQUE (tenant_id, handed_in_id);
ALTER TABLE ONLY lti_tool.sign_in_provider
    ADD CONSTRAINT uq_sign_in_provider_tenant_id UNIQUE (tenant_id);
ALTER TABLE ONLY lti_tool.statement_outbox
    ADD CONSTRAINT uq_statement_outbox_tenant_id_statement_id UNIQUE (tenant_id, statement_id);
ALTER TABLE ONLY lti_tool.tenant
    ADD CONSTRAINT uq_tenant_name UNIQUE (name);
CREATE INDEX ix_alarm_tenant_id_programme_alarm_id ON analytics.alarm USING btree (tenant_id, programme, alarm_id);
CREATE INDEX ix_baseline_tenant_id_programme_baseline_id ON analytics.baseline USING btree (tenant_id, programme, baseline_id);
CREATE INDEX ix_borrowed_tenant_id_ord ON analytics.borrowed USING btree (tenant_id, ord);
CREATE INDEX ix_cost_tenant_id_programme ON analytics.cost USING btree (tenant_id, programme);
CREATE INDEX ix_export_tenant_id_finished_at ON analytics.export USING btree (tenant_id, finished_at);
CREATE INDEX ix_fact_activity_tenant_id_programme_kind_due_at ON analytics.fact_activity USING btree (tenant_id, programme, kind, due_at);
CREATE INDEX ix_fact_check_tenant_id_programme_interval ON analytics.fact_check USING btree (tenant_id, programme, "interval");
CREATE INDEX ix_fact_competency_tenant_id_programme ON analytics.fact_competency USING btree (tenant_id, programme);
CREATE INDEX ix_fact_episode_tenant_id_learner ON analytics.fact_episode USING btree (tenant_id, learner);
CREATE INDEX ix_fact_episode_tenant_id_programme ON analytics.fact_episode USING btree (tenant_id, programme);
CREATE INDEX ix_fact_presence_tenant_id_programme_what_at ON analytics.fact_presence USING btree (tenant_id, programme, what, at);
CREATE INDEX ix_fact_rating_tenant_id_programme_calibration ON analytics.fact_rating USING btree (tenant_id, programme, calibration);
CREATE INDEX ix_fact_rating_tenant_id_registration ON analytics.fact_rating USING btree (tenant_id, registration);
CREATE INDEX ix_fact_recall_tenant_id_programme_item ON analytics.fact_recall USING btree (tenant_id, programme, item);
CREATE INDEX ix_fact_use_tenant_id_programme ON analytics.fact_use USING btree (tenant_id, programme);
CREATE INDEX ix_mapped_actor_tenant_id_agent ON analytics.mapped_actor USING btree (tenant_id, agent);
CREATE INDEX ix_packet_member_tenant_id_learner ON analytics.packet_member USING btree (tenant_id, learner);
CREATE INDEX ix_packet_member_tenant_id_packet_id ON analytics.packet_member USING btree (tenant_id, packet_id);
CREATE INDEX ix_packet_tenant_id_programme ON analytics.packet USING btree (tenant_id, programme);
CREATE INDEX ix_person_merge_tenant_id_agent ON analytics.person_merge USING btree (tenant_id, agent);
CREATE INDEX ix_published_row_tenant_id_programme_metric ON analytics.published_row USING btree (tenant_id, programme, metric);
CREATE INDEX ix_reporting_user_tenant_id ON analytics.reporting_user USING btree (tenant_id);
CREATE INDEX ix_uncountable_tenant_id_registration ON analytics.uncountable USING btree (tenant_id, registration);
CREATE INDEX ix_week_figure_trace ON analytics.week_figure USING btree (tenant_id, programme, series, team, figure_id);
CREATE UNIQUE INDEX uq_activity_mapping_place ON analytics.activity_mapping USING btree (tenant_id, activity_key, programme) WHERE (undone_at IS NULL);
CREATE UNIQUE INDEX uq_alarm_open ON analytics.alarm USING btree (tenant_id, programme, series, team, published) WHERE (ended_at IS NULL);
CREATE UNIQUE INDEX uq_export_key ON analytics.export USING btree (tenant_id, key);
CREATE UNIQUE INDEX uq_kpi_reading_place ON analytics.kpi_reading USING btree (tenant_id, programme, kpi, subject_kind, subject, period_start) WHERE (replaced_at IS NULL);
CREATE UNIQUE INDEX uq_person_merge_alias ON analytics.person_merge USING btree (tenant_id, alias) WHERE (undone_at IS NULL);
CREATE UNIQUE INDEX uq_week_figure_place ON analytics.week_figure USING btree (tenant_id, programme, series, team, week) WHERE (restated_at IS NULL);
CREATE INDEX ix_credential_tenant_id ON lrs.credential USING btree (tenant_id);
CREATE INDEX ix_document_tenant_id_agent_key ON lrs.document USING btree (tenant_id, agent_key);
CREATE INDEX ix_document_tenant_id_context_updated_at ON lrs.document USING btree (tenant_id, context, updated_at);
CREATE INDEX ix_statement_attachment_tenant_id_sha2 ON lrs.statement_attachment USING btree (tenant_id, sha2);
CREATE INDEX ix_statement_ref_tenant_id_target ON lrs.statement_ref USING btree (tenant_id, target);
CREATE INDEX ix_statement_ref_unsettled ON lrs.statement_ref USING btree (tenant_id, ord) WHERE (NOT settled);
CREATE INDEX ix_statement_tenant_id_authority_ord ON lrs.statement USING btree (tenant_id, authority, ord) WHERE (authority IS NOT NULL);
CREATE INDEX ix_statement_tenant_id_registration_ord ON lrs.statement USING btree (tenant_id, registration, ord) WHERE (registration IS NOT NULL);
CREATE INDEX ix_statement_tenant_id_verb_ord ON lrs.statement USING btree (tenant_id, verb, ord);
CREATE INDEX ix_actor_link_tenant_id_person_id ON lti_tool.actor_link USING btree (tenant_id, person_id);
CREATE INDEX ix_admin_session_tenant_id_expires_at ON lti_tool.admin_session USING btree (tenant_id, expires_at);
CREATE INDEX ix_agreed_action_tenant_id_episode_id ON lti_tool.agreed_action USING btree (tenant_id, episode_id);
CREATE INDEX ix_agreed_action_tenant_id_group_id ON lti_tool.agreed_action USING btree (tenant_id, group_id);
CREATE INDEX ix_assessment_request_tenant_id_rater_id ON lti_tool.assessment_request USING btree (tenant_id, rater_id) WHERE (done_at IS NULL);
CREATE INDEX ix_assessment_tenant_id_episode_id ON lti_tool.assessment USING btree (tenant_id, episode_id);
CREATE INDEX ix_assessment_tenant_id_rater_id ON lti_tool.assessment USING btree (tenant_id, rater_id);
CREATE INDEX ix_attendance_tenant_id_episode_id ON lti_tool.attendance USING btree (tenant_id, episode_id);
CREATE INDEX ix_audit_tenant_id_audit_id ON lti_tool.audit USING btree (tenant_id, audit_id);
CREATE INDEX ix_certifying_column_tenant_id_due_at ON lti_tool.certifying_column USING btree (tenant_id, due_at);
CREATE INDEX ix_channel_post_tenant_id_next_try_at ON lti_tool.channel_post USING btree (tenant_id, next_try_at) WHERE ((sent_at IS NULL) AND (refused IS NULL));
CREATE INDEX ix_channel_tenant_id_programme ON lti_tool.channel USING btree (tenant_id, programme);
CREATE INDEX ix_confirmation_tenant_id_person_id ON lti_tool.confirmation USING btree (tenant_id, person_id);
CREATE INDEX ix_course_group_member_tenant_id_person_id ON lti_tool.course_group_member USING btree (tenant_id, person_id);
CREATE INDEX ix_course_tenant_id_registration_id_context_id ON lti_tool.course USING btree (tenant_id, registration_id, context_id);
CREATE INDEX ix_document_tenant_id_person_id ON lti_tool.document USING btree (tenant_id, person_id);
CREATE INDEX ix_episode_tenant_id_programme_certified_at ON lti_tool.episode USING btree (tenant_id, programme, certified_at);
CREATE INDEX ix_erasure_tenant_id_asked_at ON lti_tool.erasure USING btree (tenant_id, asked_at);
CREATE INDEX ix_follow_up_tenant_id_person_id ON lti_tool.follow_up USING btree (tenant_id, person_id);
CREATE INDEX ix_form_draft_tenant_id_saved_at ON lti_tool.form_draft USING btree (tenant_id, saved_at);
CREATE INDEX ix_grade_outbox_tenant_id_course_id_id ON lti_tool.grade_outbox USING btree (tenant_id, course_id, id);
CREATE INDEX ix_grade_outbox_tenant_id_next_try_at ON lti_tool.grade_outbox USING btree (tenant_id, next_try_at) WHERE ((sent_at IS NULL) AND (refused IS NULL) AND (NOT replaced));
CREATE INDEX ix_grade_outbox_tenant_id_place_subject ON lti_tool.grade_outbox USING btree (tenant_id, place, subject);
CREATE INDEX ix_group_member_tenant_id_group_id ON lti_tool.group_member USING btree (tenant_id, group_id);
CREATE INDEX ix_handed_in_tenant_id_peer_id ON lti_tool.handed_in USING btree (tenant_id, peer_id) WHERE (peer_id IS NOT NULL);
CREATE INDEX ix_hold_tenant_id_episode_id ON lti_tool.hold USING btree (tenant_id, episode_id);
CREATE INDEX ix_identity_tenant_id_person_id ON lti_tool.identity USING btree (tenant_id, person_id);
CREATE INDEX ix_job_use_tenant_id_peer_id ON lti_tool.job_use USING btree (tenant_id, peer_id) WHERE (peer_id IS NOT NULL);
CREATE INDEX ix_job_use_tenant_id_plan_id ON lti_tool.job_use USING btree (tenant_id, plan_id);
CREATE INDEX ix_join_code_tenant_id_person_id ON lti_tool.join_code USING btree (tenant_id, person_id);
CREATE INDEX ix_launch_log_tenant_id_registration_id_id ON lti_tool.launch_log USING btree (tenant_id, registration_id, id);
CREATE INDEX ix_launch_tenant_id_course_id ON lti_tool.launch USING btree (tenant_id, course_id);
CREATE INDEX ix_launch_tenant_id_expires_at ON lti_tool.launch USING btree (tenant_id, expires_at);
CREATE INDEX ix_login_state_tenant_id_expires_at ON lti_tool.login_state USING btree (tenant_id, expires_at);
CREATE INDEX ix_mail_link_tenant_id_mail_id ON lti_tool.mail_link USING btree (tenant_id, mail_id);
CREATE INDEX ix_mail_link_tenant_id_question_id ON lti_tool.mail_link USING btree (tenant_id, question_id);
CREATE INDEX ix_mail_tenant_id_next_try_at ON lti_tool.mail USING btree (tenant_id, next_try_at) WHERE ((sent_at IS NULL) AND (refused IS NULL));
CREATE INDEX ix_mail_tenant_id_person_id_id ON lti_tool.mail USING btree (tenant_id, person_id, id);
CREATE INDEX ix_mailed_question_tenant_id_episode_id ON lti_tool.mailed_question USING btree (tenant_id, episode_id);
CREATE INDEX ix_meeting_tenant_id_at ON lti_tool.meeting USING btree (tenant_id, at);
CREATE INDEX ix_membership_tenant_id_person_id ON lti_tool.membership USING btree (tenant_id, person_id);
CREATE INDEX ix_no_opportunity_tenant_id_episode_id ON lti_tool.no_opportunity USING btree (tenant_id, episode_id);
CREATE INDEX ix_person_email ON lti_tool.person USING btree (lower(email), tenant_id) WHERE (email <> ''::text);
CREATE INDEX ix_person_tenant_id ON lti_tool.person USING btree (tenant_id);
CREATE INDEX ix_person_tenant_id_manager_id ON lti_tool.person USING btree (tenant_id, manager_id) WHERE (manager_id IS NOT NULL);
CREATE INDEX ix_person_tenant_id_mentor_id ON lti_tool.person USING btree (tenant_id, mentor_id) WHERE (mentor_id IS NOT NULL);
CREATE INDEX ix_platform_registration_tenant_id ON lti_tool.platform_registration USING btree (tenant_id);
CREATE INDEX ix_registration_invite_tenant_id ON lti_tool.registration_invite USING btree (tenant_id);
CREATE INDEX ix_remark_tenant_id_episode_id ON lti_tool.remark USING btree (tenant_id, episode_id);
CREATE INDEX ix_review_tenant_id_reviewer_id ON lti_tool.review USING btree (tenant_id, reviewer_id);
CREATE INDEX ix_roster_run_tenant_id_course_id_id ON lti_tool.roster_run USING btree (tenant_id, course_id, id);
CREATE INDEX ix_scheduled_act_tenant_id_due_at ON lti_tool.scheduled_act USING btree (tenant_id, due_at) WHERE (done_at IS NULL);
CREATE INDEX ix_scheduled_check_tenant_id_due_at ON lti_tool.scheduled_check USING btree (tenant_id, due_at);
CREATE INDEX ix_statement_outbox_tenant_id_next_try_at ON lti_tool.statement_outbox USING btree (tenant_id, next_try_at);
CREATE INDEX ix_statement_source_tenant_id_due_at ON lti_tool.statement_source USING btree (tenant_id, due_at);
CREATE INDEX ix_upload_tenant_id_created_at ON lti_tool.upload USING btree (tenant_id, created_at);
CREATE INDEX ix_workshop_member_tenant_id_episode_id ON lti_tool.workshop_member USING btree (tenant_id, episode_id);
CREATE INDEX ix_workshop_tenant_id_offered_by ON lti_tool.workshop USING btree (tenant_id, offered_by);
CREATE UNIQUE INDEX uq_assessment_request_open ON lti_tool.assessment_request USING btree (tenant_id, episode_id, rater_id) WHERE (done_at IS NULL);
CREATE UNIQUE INDEX uq_attempt_check ON lti_tool.attempt USING btree (tenant_id, episode_id, "interval") WHERE (kind = 'check'::text);
CREATE UNIQUE INDEX uq_attempt_open ON lti_tool.attempt USING btree (tenant_id, episode_id, kind) WHERE ((finished_at IS NULL) AND ("interval" = ''::text) AND (kind <> 'baseline'::text));
CREATE UNIQUE INDEX uq_coaching_group_course_group ON lti_tool.coaching_group USING btree (tenant_id, programme, course_id, course_group_key) WHERE (course_id IS NOT NULL);
CREATE UNIQUE INDEX uq_erasure_person_id ON lti_tool.erasure USING btree (tenant_id, person_id) WHERE (person_id IS NOT NULL);
CREATE UNIQUE INDEX uq_person_external_id ON lti_tool.person USING btree (tenant_id, external_id) WHERE (external_id IS NOT NULL);
CREATE UNIQUE INDEX uq_platform_registration_issuer_client_id ON lti_tool.platform_registration USING btree (issuer, client_id) WHERE (status <> 'removed'::text);
ALTER TABLE ONLY analytics.reporting_user
    ADD CONSTRAINT fk_reporting_user_tenant FOREIGN KEY (tenant_id) REFERENCES lrs.tenant(tenant_id);
ALTER TABLE ONLY lrs.credential
    ADD CONSTRAINT fk_credential_tenant FOREIGN KEY (tenant_id) REFERENCES lrs.tenant(tenant_id);
ALTER TABLE ONLY lti_tool.access_token
    ADD CONSTRAINT fk_access_token_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.actor_link
    ADD CONSTRAINT fk_actor_link_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.actor_link
    ADD CONSTRAINT fk_actor_link_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.agreed_action
    ADD CONSTRAINT fk_agreed_action_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.agreed_action
    ADD CONSTRAINT fk_agreed_action_group_id FOREIGN KEY (group_id) REFERENCES lti_tool.coaching_group(id);
ALTER TABLE ONLY lti_tool.answer
    ADD CONSTRAINT fk_answer_attempt_id FOREIGN KEY (attempt_id) REFERENCES lti_tool.attempt(id);
ALTER TABLE ONLY lti_tool.assessment
    ADD CONSTRAINT fk_assessment_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.assessment
    ADD CONSTRAINT fk_assessment_rater_id FOREIGN KEY (rater_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.assessment_request
    ADD CONSTRAINT fk_assessment_request_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.assessment_request
    ADD CONSTRAINT fk_assessment_request_rater_id FOREIGN KEY (rater_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.attempt
    ADD CONSTRAINT fk_attempt_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.attempt
    ADD CONSTRAINT fk_attempt_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.attempt
    ADD CONSTRAINT fk_attempt_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.attendance
    ADD CONSTRAINT fk_attendance_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.attendance
    ADD CONSTRAINT fk_attendance_meeting_id FOREIGN KEY (meeting_id) REFERENCES lti_tool.meeting(id);
ALTER TABLE ONLY lti_tool.calibration
    ADD CONSTRAINT fk_calibration_rater_id FOREIGN KEY (rater_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.certifying_column
    ADD CONSTRAINT fk_certifying_column_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.certifying_column
    ADD CONSTRAINT fk_certifying_column_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.channel_post
    ADD CONSTRAINT fk_channel_post_channel_id FOREIGN KEY (channel_id) REFERENCES lti_tool.channel(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.coaching_group
    ADD CONSTRAINT fk_coaching_group_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.column_look
    ADD CONSTRAINT fk_column_look_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.confirmation
    ADD CONSTRAINT fk_confirmation_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.confirmation
    ADD CONSTRAINT fk_confirmation_use_id FOREIGN KEY (use_id) REFERENCES lti_tool.job_use(id);
ALTER TABLE ONLY lti_tool.course_group
    ADD CONSTRAINT fk_course_group_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.course_group_member
    ADD CONSTRAINT fk_course_group_member_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.course_group_member
    ADD CONSTRAINT fk_course_group_member_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.course
    ADD CONSTRAINT fk_course_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.deployment
    ADD CONSTRAINT fk_deployment_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.document
    ADD CONSTRAINT fk_document_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.episode
    ADD CONSTRAINT fk_episode_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.exam_score
    ADD CONSTRAINT fk_exam_score_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.follow_up
    ADD CONSTRAINT fk_follow_up_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.follow_up
    ADD CONSTRAINT fk_follow_up_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.form_draft
    ADD CONSTRAINT fk_form_draft_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.grade_outbox
    ADD CONSTRAINT fk_grade_outbox_attempt_id FOREIGN KEY (attempt_id) REFERENCES lti_tool.attempt(id);
ALTER TABLE ONLY lti_tool.grade_outbox
    ADD CONSTRAINT fk_grade_outbox_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.grade_outbox
    ADD CONSTRAINT fk_grade_outbox_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.grade_place
    ADD CONSTRAINT fk_grade_place_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.grade_place
    ADD CONSTRAINT fk_grade_place_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.grade_place
    ADD CONSTRAINT fk_grade_place_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.group_member
    ADD CONSTRAINT fk_group_member_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.group_member
    ADD CONSTRAINT fk_group_member_group_id FOREIGN KEY (group_id) REFERENCES lti_tool.coaching_group(id);
ALTER TABLE ONLY lti_tool.handed_in
    ADD CONSTRAINT fk_handed_in_document_id FOREIGN KEY (document_id) REFERENCES lti_tool.document(id);
ALTER TABLE ONLY lti_tool.handed_in
    ADD CONSTRAINT fk_handed_in_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.handed_in
    ADD CONSTRAINT fk_handed_in_peer_id FOREIGN KEY (peer_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.hold
    ADD CONSTRAINT fk_hold_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.identity
    ADD CONSTRAINT fk_identity_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.identity
    ADD CONSTRAINT fk_identity_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.job_use
    ADD CONSTRAINT fk_job_use_peer_id FOREIGN KEY (peer_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.job_use
    ADD CONSTRAINT fk_job_use_plan_id FOREIGN KEY (plan_id) REFERENCES lti_tool.plan(id);
ALTER TABLE ONLY lti_tool.join_code
    ADD CONSTRAINT fk_join_code_person_id_person FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.join_code
    ADD CONSTRAINT fk_join_code_registration_id_platform_registration FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.launch
    ADD CONSTRAINT fk_launch_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.launch_log
    ADD CONSTRAINT fk_launch_log_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.launch
    ADD CONSTRAINT fk_launch_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.launch
    ADD CONSTRAINT fk_launch_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.line_item
    ADD CONSTRAINT fk_line_item_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.login_state
    ADD CONSTRAINT fk_login_state_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.mail_link
    ADD CONSTRAINT fk_mail_link_handed_in_id FOREIGN KEY (handed_in_id) REFERENCES lti_tool.handed_in(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.mail_link
    ADD CONSTRAINT fk_mail_link_mail_id FOREIGN KEY (mail_id) REFERENCES lti_tool.mail(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.mail_link
    ADD CONSTRAINT fk_mail_link_question_id FOREIGN KEY (question_id) REFERENCES lti_tool.mailed_question(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.mail_link
    ADD CONSTRAINT fk_mail_link_use_id FOREIGN KEY (use_id) REFERENCES lti_tool.job_use(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.mail
    ADD CONSTRAINT fk_mail_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.mail
    ADD CONSTRAINT fk_mail_question_id FOREIGN KEY (question_id) REFERENCES lti_tool.mailed_question(id);
ALTER TABLE ONLY lti_tool.mail_stop
    ADD CONSTRAINT fk_mail_stop_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.mailed_question
    ADD CONSTRAINT fk_mailed_question_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.mapped_task
    ADD CONSTRAINT fk_mapped_task_added_by FOREIGN KEY (added_by) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.mapped_task
    ADD CONSTRAINT fk_mapped_task_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.meeting
    ADD CONSTRAINT fk_meeting_group_id FOREIGN KEY (group_id) REFERENCES lti_tool.coaching_group(id);
ALTER TABLE ONLY lti_tool.membership
    ADD CONSTRAINT fk_membership_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.membership
    ADD CONSTRAINT fk_membership_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.memory
    ADD CONSTRAINT fk_memory_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.no_opportunity
    ADD CONSTRAINT fk_no_opportunity_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.person
    ADD CONSTRAINT fk_person_manager_id FOREIGN KEY (manager_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.person
    ADD CONSTRAINT fk_person_mentor_id FOREIGN KEY (mentor_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.placement
    ADD CONSTRAINT fk_placement_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.plan
    ADD CONSTRAINT fk_plan_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.plan_revision
    ADD CONSTRAINT fk_plan_revision_plan_id FOREIGN KEY (plan_id) REFERENCES lti_tool.plan(id);
ALTER TABLE ONLY lti_tool.presence
    ADD CONSTRAINT fk_presence_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.registration_invite
    ADD CONSTRAINT fk_registration_invite_registration_id FOREIGN KEY (registration_id) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.registration_invite
    ADD CONSTRAINT fk_registration_invite_updates FOREIGN KEY (updates) REFERENCES lti_tool.platform_registration(id);
ALTER TABLE ONLY lti_tool.remark
    ADD CONSTRAINT fk_remark_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.reminder_times
    ADD CONSTRAINT fk_reminder_times_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.review
    ADD CONSTRAINT fk_review_handed_in_id FOREIGN KEY (handed_in_id) REFERENCES lti_tool.handed_in(id);
ALTER TABLE ONLY lti_tool.review
    ADD CONSTRAINT fk_review_reviewer_id FOREIGN KEY (reviewer_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.role_grant
    ADD CONSTRAINT fk_role_grant_person_id FOREIGN KEY (person_id) REFERENCES lti_tool.person(id);
ALTER TABLE ONLY lti_tool.roster_run
    ADD CONSTRAINT fk_roster_run_course_id FOREIGN KEY (course_id) REFERENCES lti_tool.course(id);
ALTER TABLE ONLY lti_tool.scheduled_act
    ADD CONSTRAINT fk_scheduled_act_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.scheduled_check
    ADD CONSTRAINT fk_scheduled_check_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.workshop_member
    ADD CONSTRAINT fk_workshop_member_episode_id FOREIGN KEY (episode_id) REFERENCES lti_tool.episode(id);
ALTER TABLE ONLY lti_tool.workshop_member
    ADD CONSTRAINT fk_workshop_member_workshop_id FOREIGN KEY (workshop_id) REFERENCES lti_tool.workshop(id) ON DELETE CASCADE;
ALTER TABLE ONLY lti_tool.workshop
    ADD CONSTRAINT fk_workshop_offered_by FOREIGN KEY (offered_by) REFERENCES lti_tool.person(id);
ALTER TABLE analytics.activity_mapping ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.alarm ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.baseline ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.borrowed ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.computed ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.cost ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.export ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_activity ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_competency ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_episode ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_presence ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_rating ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_recall ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.fact_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.kpi ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.kpi_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.mapped_actor ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.packet ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.packet_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.packet_waiting ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.person_merge ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.publication ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.publication_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.published_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.published_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.published_title ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.published_value ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.publishing_rule ENABLE ROW LEVEL SECURITY;
CREATE POLICY reporting ON analytics.kpi FOR SELECT TO carryover_reporting USING ((tenant_id = analytics.reporting_tenant(CURRENT_USER)));
CREATE POLICY reporting ON analytics.kpi_reading FOR SELECT TO carryover_reporting USING ((tenant_id = analytics.reporting_tenant(CURRENT_USER)));
CREATE POLICY reporting ON analytics.packet FOR SELECT TO carryover_reporting USING ((tenant_id = analytics.reporting_tenant(CURRENT_USER)));
CREATE POLICY reporting ON analytics.published_title FOR SELECT TO carryover_reporting USING ((tenant_id = analytics.reporting_tenant(CURRENT_USER)));
CREATE POLICY reporting ON analytics.published_value FOR SELECT TO carryover_reporting USING ((tenant_id = analytics.reporting_tenant(CURRENT_USER)));
ALTER TABLE analytics.reporting_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.scorecard ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON analytics.activity_mapping TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.alarm TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.baseline TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.borrowed TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.computed TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.cost TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.export TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_activity TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_check TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_competency TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_episode TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_presence TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_rating TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_recall TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.fact_use TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.kpi TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.kpi_reading TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.mapped_actor TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.packet TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.packet_member TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.packet_waiting TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.person_merge TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.publication TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.publication_request TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.published_month TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.published_row TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.published_title TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.published_value TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.publishing_rule TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.reporting_user TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.scorecard TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.uncomputed TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.uncountable TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.unwanted TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.unwanted_day TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.valuation TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON analytics.week_figure TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
ALTER TABLE analytics.uncomputed ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.uncountable ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.unwanted ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.unwanted_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.valuation ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.week_figure ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.activity_definition ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.agent_rekeying ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.authority ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.cold_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.cold_trash ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.dead_letter ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.document ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.forward ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.import_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.job_cursor ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.removal ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.retention_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.statement ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.statement_attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.statement_payload ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.statement_ref ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.statement_rel ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.template_break ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lrs.activity_definition TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.agent_rekeying TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.attachment TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.audit TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.authority TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.cold_file TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.cold_trash TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.credential TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.dead_letter TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.document TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.forward TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.import_run TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.job_cursor TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.removal TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.retention_rule TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.statement TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.statement_attachment TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.statement_payload TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.statement_ref TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.statement_rel TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.template_break TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
ALTER TABLE lrs.tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lrs.tenant TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.token_issuer TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.uncounted TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.uncounted_episode TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lrs.voiding TO carryover_app, carryover_long USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
ALTER TABLE lrs.token_issuer ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.uncounted ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.uncounted_episode ENABLE ROW LEVEL SECURITY;
ALTER TABLE lrs.voiding ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.accepted_badge ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.access_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.actor_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.admin_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.agreed_action ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.answer ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.assessment ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.assessment_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.attempt ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.attendance ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.calibration ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.certifying_column ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.channel ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.channel_post ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.coaching_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.column_look ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.confirmation ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.course ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.course_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.course_group_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.deployment ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.document ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.episode ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.erasure ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.exam_score ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.follow_up ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.form_draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.grade_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.grade_place ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.group_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.handed_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.hold ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.job_use ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.join_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.launch ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.launch_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.line_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.login_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.mail_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.mail_stop ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.mailed_question ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.mapped_task ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.meeting ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.memory ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.no_opportunity ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.picture ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.placement ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.plan_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.platform_registration ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.presence ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.programme_draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.programme_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.registration_invite ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.remark ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.reminder_times ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.review ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.role_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.roster_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.scheduled_act ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.scheduled_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.sign_in_provider ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.statement_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.statement_source ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lti_tool.accepted_badge TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.access_token TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.actor_link TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.admin_session TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.agreed_action TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.answer TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.assessment TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.assessment_request TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.attempt TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.attendance TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.audit TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.calibration TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.certifying_column TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.channel TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.channel_post TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.coaching_group TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.column_look TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.confirmation TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.course TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.course_group TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.course_group_member TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.deployment TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.document TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.episode TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.erasure TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.exam_score TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.follow_up TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.form_draft TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.grade_outbox TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.grade_place TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.group_member TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.handed_in TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.hold TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.identity TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.job_use TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.join_code TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.launch TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.launch_log TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.line_item TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.login_state TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.mail TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.mail_link TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.mail_stop TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.mailed_question TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.mapped_task TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.meeting TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.membership TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.memory TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.no_opportunity TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.person TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.picture TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.placement TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.plan TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.plan_revision TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.platform_registration TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.presence TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.programme_draft TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.programme_version TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.registration_invite TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.remark TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.reminder_times TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.review TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.role_grant TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.roster_run TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.scheduled_act TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.scheduled_check TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.sign_in_provider TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.statement_outbox TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.statement_source TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
ALTER TABLE lti_tool.tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON lti_tool.tenant TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.upload TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.workshop TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
CREATE POLICY tenant ON lti_tool.workshop_member TO carryover_app USING ((tenant_id = (current_setting('carryover.tenant_id'::text))::integer));
ALTER TABLE lti_tool.upload ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.workshop ENABLE ROW LEVEL SECURITY;
ALTER TABLE lti_tool.workshop_member ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA analytics TO carryover_app;
GRANT USAGE ON SCHEMA analytics TO carryover_long;
GRANT USAGE ON SCHEMA analytics TO carryover_reporting;
GRANT USAGE ON SCHEMA lrs TO carryover_app;
GRANT USAGE ON SCHEMA lrs TO carryover_long;
GRANT USAGE ON SCHEMA lti_tool TO carryover_app;
GRANT USAGE ON SCHEMA report TO carryover_reader;
REVOKE ALL ON FUNCTION analytics.reporting_tenant(wanted name) FROM PUBLIC;
GRANT ALL ON FUNCTION analytics.reporting_tenant(wanted name) TO carryover_reader;
GRANT ALL ON FUNCTION analytics.reporting_tenant(wanted name) TO carryover_reporting;
REVOKE ALL ON FUNCTION lrs.add_payload_months() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.add_payload_months() TO carryover_app;
GRANT ALL ON FUNCTION lrs.add_payload_months() TO carryover_long;
REVOKE ALL ON FUNCTION lrs.backlog() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.backlog() TO carryover_app;
REVOKE ALL ON FUNCTION lrs.drop_payload_month(before bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.drop_payload_month(before bigint) TO carryover_app;
GRANT ALL ON FUNCTION lrs.drop_payload_month(before bigint) TO carryover_long;
REVOKE ALL ON FUNCTION lrs.find_credential(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.find_credential(wanted text) TO carryover_app;
REVOKE ALL ON FUNCTION lrs.find_payloads(tenant integer, ords bigint[], low bigint, high bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.find_payloads(tenant integer, ords bigint[], low bigint, high bigint) TO carryover_app;
GRANT ALL ON FUNCTION lrs.find_payloads(tenant integer, ords bigint[], low bigint, high bigint) TO carryover_long;
REVOKE ALL ON FUNCTION lrs.find_token_issuer(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.find_token_issuer(wanted text) TO carryover_app;
REVOKE ALL ON FUNCTION lrs.tenant_ids() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.tenant_ids() TO carryover_app;
REVOKE ALL ON FUNCTION lrs.tenants_to_rekey() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.tenants_to_rekey() TO carryover_app;
REVOKE ALL ON FUNCTION lrs.tenants_with_uncounted() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.tenants_with_uncounted() TO carryover_app;
REVOKE ALL ON FUNCTION lrs.tenants_with_unmoved_payloads() FROM PUBLIC;
GRANT ALL ON FUNCTION lrs.tenants_with_unmoved_payloads() TO carryover_app;
GRANT ALL ON FUNCTION lrs.tenants_with_unmoved_payloads() TO carryover_long;
REVOKE ALL ON FUNCTION lti_tool.all_tenants() FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.all_tenants() TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.burn_login(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.burn_login(wanted bytea) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.erase_from_audit(tenant integer, erased uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.erase_from_audit(tenant integer, erased uuid) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_admin_link(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_admin_link(wanted bytea) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_admin_session(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_admin_session(wanted uuid) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_invite(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_invite(wanted bytea) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_launch(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_launch(wanted uuid) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_mail_link(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_mail_link(wanted bytea) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_people(wanted text) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_people(wanted text) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.find_visit(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.find_visit(wanted uuid) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.look_at_login(wanted bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.look_at_login(wanted bytea) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.only_sign_in() FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.only_sign_in() TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.outbox_backlog() FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.outbox_backlog() TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.sign_in_tenant(wanted uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.sign_in_tenant(wanted uuid) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.sort_key(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.sort_key(name text) TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.tenants_with_outbox() FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.tenants_with_outbox() TO carryover_app;
REVOKE ALL ON FUNCTION lti_tool.tenants_with_rosters() FROM PUBLIC;
GRANT ALL ON FUNCTION lti_tool.tenants_with_rosters() TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.activity_mapping TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.activity_mapping TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.alarm TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.alarm TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.baseline TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.baseline TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.borrowed TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.borrowed TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.computed TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.computed TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.cost TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.cost TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.export TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.export TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_activity TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_activity TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_check TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_check TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_competency TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_competency TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_episode TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_episode TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_presence TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_presence TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_rating TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_rating TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_recall TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_recall TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_use TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.fact_use TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.kpi TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.kpi TO carryover_long;
GRANT SELECT ON TABLE analytics.kpi TO carryover_reporting;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.kpi_reading TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.kpi_reading TO carryover_long;
GRANT SELECT ON TABLE analytics.kpi_reading TO carryover_reporting;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.mapped_actor TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.mapped_actor TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet TO carryover_long;
GRANT SELECT ON TABLE analytics.packet TO carryover_reporting;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet_member TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet_member TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet_waiting TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.packet_waiting TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.person_merge TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.person_merge TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publication TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publication TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publication_request TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publication_request TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_month TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_month TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_row TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_row TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_title TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_title TO carryover_long;
GRANT SELECT ON TABLE analytics.published_title TO carryover_reporting;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_value TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.published_value TO carryover_long;
GRANT SELECT ON TABLE analytics.published_value TO carryover_reporting;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publishing_rule TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.publishing_rule TO carryover_long;
GRANT SELECT ON TABLE analytics.reporting_user TO carryover_app;
GRANT SELECT ON TABLE analytics.reporting_user TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.scorecard TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.scorecard TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.uncomputed TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.uncomputed TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.uncountable TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.uncountable TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.unwanted TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.unwanted TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.unwanted_day TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.unwanted_day TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.valuation TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.valuation TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.week_figure TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE analytics.week_figure TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.activity_definition TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.activity_definition TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.agent_rekeying TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.agent_rekeying TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.attachment TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.attachment TO carryover_long;
GRANT SELECT,INSERT ON TABLE lrs.audit TO carryover_app;
GRANT SELECT,INSERT ON TABLE lrs.audit TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.authority TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.authority TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.cold_file TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.cold_file TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.cold_trash TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.cold_trash TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.credential TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.credential TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.dead_letter TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.dead_letter TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.document TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.document TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.forward TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.forward TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.import_run TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.import_run TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.job_cursor TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.job_cursor TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.removal TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.removal TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.retention_rule TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.retention_rule TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement TO carryover_app;
GRANT SELECT ON TABLE lrs.statement TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_attachment TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_attachment TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_payload TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_payload TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_ref TO carryover_app;
GRANT SELECT ON TABLE lrs.statement_ref TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.statement_rel TO carryover_app;
GRANT SELECT ON TABLE lrs.statement_rel TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.template_break TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.template_break TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.tenant TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.tenant TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.token_issuer TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.token_issuer TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.uncounted TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.uncounted TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.uncounted_episode TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.uncounted_episode TO carryover_long;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lrs.voiding TO carryover_app;
GRANT SELECT ON TABLE lrs.voiding TO carryover_long;
GRANT USAGE ON SEQUENCE lrs.writer_number TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.accepted_badge TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.access_token TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.actor_link TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.admin_session TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.agreed_action TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.answer TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.assessment TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.assessment_request TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.attempt TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.attendance TO carryover_app;
GRANT SELECT,INSERT ON TABLE lti_tool.audit TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.calibration TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.certifying_column TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.channel TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.channel_post TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.coaching_group TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.column_look TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.confirmation TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.course TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.course_group TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.course_group_member TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.deployment TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.document TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.episode TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.erasure TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.exam_score TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.follow_up TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.form_draft TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.grade_outbox TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.grade_place TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.group_member TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.handed_in TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.hold TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.identity TO carryover_app;
GRANT SELECT,INSERT ON TABLE lti_tool.installation TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.job_use TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.join_code TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.launch TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.launch_log TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.line_item TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.login_state TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.mail TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.mail_link TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.mail_stop TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.mailed_question TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.mapped_task TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.meeting TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.membership TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.memory TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.no_opportunity TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.person TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.picture TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.placement TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.plan TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.plan_revision TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.platform_registration TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.presence TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.programme_draft TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.programme_version TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.registration_invite TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.remark TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.reminder_times TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.review TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.role_grant TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.roster_run TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.scheduled_act TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.scheduled_check TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.sign_in_provider TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.statement_outbox TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.statement_source TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.tenant TO carryover_app;
GRANT SELECT,INSERT ON TABLE lti_tool.tool_key TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.upload TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.workshop TO carryover_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE lti_tool.workshop_member TO carryover_app;
GRANT SELECT ON TABLE report.calendar TO carryover_reader;
GRANT SELECT ON TABLE report.competency TO carryover_reader;
GRANT SELECT ON TABLE report.kpi_readings TO carryover_reader;
GRANT SELECT ON TABLE report.metric TO carryover_reader;
GRANT SELECT ON TABLE report.metric_part TO carryover_reader;
GRANT SELECT ON TABLE report.metric_value TO carryover_reader;
GRANT SELECT ON TABLE report.programme TO carryover_reader;
GRANT SELECT ON TABLE report.question TO carryover_reader;
GRANT SELECT ON TABLE report.team TO carryover_reader;
