from django.db import migrations

from marketplace.organisations import append_only

# claimed → verified → revoked, or claimed → revoked; who verified and who revoked stays.
ONE_WAY = migrations.RunSQL(
    """
    CREATE FUNCTION refuse_evidence_return() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.status, NEW.status) NOT IN (
            ('claimed', 'claimed'), ('claimed', 'verified'), ('claimed', 'revoked'),
            ('verified', 'verified'), ('verified', 'revoked'), ('revoked', 'revoked')
        ) OR (OLD.verified_at IS NOT NULL AND
              (NEW.verified_at, NEW.verified_by_id) IS DISTINCT FROM (OLD.verified_at, OLD.verified_by_id))
          OR (OLD.revoked_at IS NOT NULL AND
              (NEW.revoked_at, NEW.revoked_reason) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_reason)) THEN
            RAISE EXCEPTION 'evidence goes from claimed to verified to revoked, not from % to %',
                            OLD.status, NEW.status
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'evidence_one_way';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER one_way BEFORE UPDATE ON partner_evidence
        FOR EACH ROW EXECUTE FUNCTION refuse_evidence_return();
    """,
    "DROP TRIGGER one_way ON partner_evidence; DROP FUNCTION refuse_evidence_return();",
)


class Migration(migrations.Migration):
    dependencies = [("partner", "0010_evidence_recorded_and_revoked"), ("organisations", "0002_append_only")]

    operations = [
        append_only.frozen_except(
            "partner_evidence", ["status", "verified_by_id", "verified_at", "revoked_at", "revoked_reason"]
        ),
        ONE_WAY,
    ]
