"""Workers that die, are overtaken, or meet: every offering of a file is imported once. Controls take the guard away."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from listings.exchange import operations, store
from listings.exchange.models import ListingImport, ListingImportLine
from listings.models import Product
from marketplace.organisations import leases
from tests.listings.exchange.world import NOW, World, counts, to_csv


class Killed(BaseException):
    """What a process that is killed looks like from within: nothing is caught, nothing tidied."""


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(operations, "CHUNK", 2)
    return World()


def five_without_code(world):
    """Codes are made for them, so that a second import of a chunk would not be stopped by a code that is taken."""
    return to_csv(*(world.row(code=None, title=f"云主机 {number} 号") for number in range(5)))


def at_chunk(monkeypatch, number, act):
    """Do something just before the chunk of this number writes its lines."""
    seen = []
    write_lines = store.write_lines

    def hooked(**arguments):
        seen.append(1)
        if len(seen) == number:
            act()
        write_lines(**arguments)

    monkeypatch.setattr(store, "write_lines", hooked)


def end_leases():
    ListingImport.objects.update(lease_until=Now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_another_worker_goes_on_where_a_killed_one_stopped(world, monkeypatch):
    upload = world.queue(five_without_code(world))

    def die():
        raise Killed

    at_chunk(monkeypatch, 2, die)
    with pytest.raises(Killed):
        operations.run_imports(now=NOW, limit=5)
    upload.refresh_from_db()
    assert (upload.status, upload.rows_done, Product.objects.count()) == ("running", 2, 2)
    assert operations.run_imports(now=NOW, limit=5) == 0  # the lease says that somebody is alive
    end_leases()
    assert operations.run_imports(now=NOW, limit=5) == 1
    upload.refresh_from_db()
    assert (upload.status, upload.rows_done, counts(upload), upload.attempts) == ("done", 5, (5, 0, 0, 0), 2)
    assert Product.objects.count() == ListingImportLine.objects.count() == 5


@pytest.mark.django_db
def test_a_file_that_kills_its_worker_each_time_is_given_up(world, monkeypatch):
    upload = world.queue(five_without_code(world))

    def die(**arguments):
        raise Killed

    monkeypatch.setattr(store, "write", die)
    for _ in range(operations.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            operations.run_imports(now=NOW, limit=5)
        end_leases()
    operations.run_imports(now=NOW, limit=5)
    upload.refresh_from_db()
    assert (upload.status, upload.problem_count, Product.objects.count()) == ("failed", 1, 0)


def overtake(world, monkeypatch):
    """A slow worker's lease ends after its first chunk; a second worker does the rest meanwhile."""
    world.queue(five_without_code(world))

    def second_worker():
        end_leases()
        operations.run_imports(now=NOW, limit=5)

    do_chunk = operations._do_chunk
    seen = []

    def slow(*arguments, **more):
        seen.append(1)
        if len(seen) == 2:  # the first worker, after its first chunk
            second_worker()
        do_chunk(*arguments, **more)

    monkeypatch.setattr(operations, "_do_chunk", slow)
    operations.run_imports(now=NOW, limit=5)


@pytest.mark.django_db
def test_an_overtaken_worker_leaves_no_trace(world, monkeypatch):
    overtake(world, monkeypatch)
    upload = ListingImport.objects.get()
    assert (upload.status, counts(upload)) == ("done", (5, 0, 0, 0))
    assert Product.objects.count() == ListingImportLine.objects.count() == 5


@pytest.mark.django_db
def test_control_without_lease_and_constraint_offerings_are_doubled(world, monkeypatch):
    monkeypatch.setattr(leases, "held", lambda *, row: ListingImport.objects.filter(pk=row.pk))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE catalogue_listingimportline DROP CONSTRAINT listing_import_line_unique")
    overtake(world, monkeypatch)
    assert Product.objects.count() > 5


@pytest.mark.django_db
def test_the_constraint_alone_keeps_offerings_from_being_doubled(world, monkeypatch):
    monkeypatch.setattr(operations, "_lock", lambda upload: None)
    overtake(world, monkeypatch)
    assert Product.objects.count() == 5


def meet(world, monkeypatch):
    """Two files with the same new code: the second is imported between the first one's look and its writing."""
    first, second = world.queue(to_csv(world.row())), world.queue(to_csv(world.row()))
    write = store.write
    seen = []

    def other_worker():
        try:
            operations.run_imports(now=NOW, limit=1)
        finally:
            connection.close()

    def hooked(**arguments):
        seen.append(1)
        if len(seen) == 1:
            thread = threading.Thread(target=other_worker)
            thread.start()
            thread.join()
        write(**arguments)

    monkeypatch.setattr(store, "write", hooked)
    operations.run_imports(now=NOW, limit=1)
    first.refresh_from_db()
    second.refresh_from_db()
    return first, second


@pytest.mark.django_db(transaction=True)
def test_two_files_with_the_same_new_code_make_one_offering(world, monkeypatch):
    first, second = meet(world, monkeypatch)
    assert (counts(first), counts(second)) == ((0, 0, 1, 0), (1, 0, 0, 0))
    assert Product.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_a_second_look_the_first_file_breaks_off(world, monkeypatch):
    monkeypatch.setattr(operations, "MOST_COLLISIONS", 1)
    first, _second = meet(world, monkeypatch)
    assert (first.status, counts(first)) == ("queued", (0, 0, 0, 0))
