"""What people send as files is known by its content, drawn or written anew, or refused in words (issue of claims:
zip bombs, polyglots, huge images, renamed executables, long and hostile names)."""

import io
import logging
import subprocess
import sys
import time
import zlib
from contextlib import suppress

import pikepdf
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, String
from PIL import Image, PngImagePlugin

from portal import uploads
from portal.cleaning import images as image_cleaning
from portal.cleaning import pdf as pdf_cleaning
from portal.cleaning.verdicts import MOST_PAGES, Cleaned, FileKind, MediaType, Refusal, Refused, packed, unpacked
from portal.uploads import FileRefused, clean

CANARY = b"CANARI-4807"


def image(kind: str = "JPEG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: object) -> bytes:
    drawn = io.BytesIO()
    Image.new(mode, size).save(drawn, kind, **options)
    return drawn.getvalue()


def pdf(change=None, pages: int = 1, **options: object) -> bytes:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    if change:
        change(document)
    written = io.BytesIO()
    document.save(written, **options)
    return written.getvalue()


def refusal(content: bytes, name: str = "piece.pdf") -> str:
    with pytest.raises(FileRefused) as refused:
        clean(name, content)
    return str(refused.value)


class TestImages:
    @pytest.mark.parametrize(
        ("kind", "mode", "media_type"),
        [
            ("JPEG", "RGB", MediaType.JPEG),
            ("JPEG", "L", MediaType.JPEG),
            ("JPEG", "CMYK", MediaType.JPEG),
            ("HEIF", "RGB", MediaType.JPEG),
            ("PNG", "RGBA", MediaType.PNG),
            ("PNG", "P", MediaType.PNG),
            ("PNG", "LA", MediaType.PNG),
            ("PNG", "I;16", MediaType.PNG),
            ("PNG", "1", MediaType.PNG),
        ],
    )
    def test_what_phones_and_scanners_make_is_taken(self, kind, mode, media_type) -> None:
        taken = clean("photo", image(kind, mode=mode))
        assert taken.media_type is media_type
        with Image.open(io.BytesIO(taken.content)) as drawn:
            assert (drawn.size, drawn.mode) == ((40, 30), "RGB")

    def test_place_device_and_hour_are_left_behind(self) -> None:
        exif = Image.Exif()
        exif[0x010F] = CANARY.decode()
        exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", CANARY.decode())
        for content in (
            image(exif=exif, comment=CANARY, icc_profile=CANARY * 20),
            image("PNG", pnginfo=notes, exif=exif),
            image("HEIF", exif=exif.tobytes(), xmp=CANARY),
        ):
            assert CANARY in content
            taken = clean("photo.jpg", content).content
            assert CANARY not in taken
            with Image.open(io.BytesIO(taken)) as drawn:
                assert not drawn.getexif()
                assert "comment" not in drawn.info

    def test_photo_held_sideways_is_stored_upright(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        with Image.open(io.BytesIO(clean("p.jpg", image(exif=exif)).content)) as drawn:
            assert drawn.size == (30, 40)

    def test_large_photo_is_brought_down_to_what_reading_needs(self) -> None:
        with Image.open(io.BytesIO(clean("p.jpg", image(size=(6000, 4000))).content)) as drawn:
            assert max(drawn.size) == image_cleaning.LONGEST_SIDE

    def test_transparent_image_lies_on_white(self) -> None:
        with Image.open(io.BytesIO(clean("p.png", image("PNG", mode="RGBA")).content)) as drawn:
            assert drawn.getpixel((0, 0)) == (255, 255, 255)

    def test_image_of_a_hundred_million_pixels_is_refused_before_it_is_drawn(self) -> None:
        content = image("PNG", (10_000, 10_000), "1")
        begun = time.process_time()
        with pytest.raises(Refused) as refused:
            image_cleaning.clean(content)
        assert refused.value.refusal is Refusal.HUGE
        assert time.process_time() - begun < 0.5
        assert refusal(content) == uploads.HUGE

    def test_bomb_in_a_text_chunk_is_refused(self) -> None:
        body = b"Comment\x00\x00" + zlib.compress(b"\x00" * 80_000_000, 9)
        chunk = len(body).to_bytes(4, "big") + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4, "big")
        plain = image("PNG")
        begun = time.monotonic()
        taken_or_refused(plain[:33] + chunk + plain[33:])
        assert time.monotonic() - begun < 10

    def test_only_the_first_picture_of_an_animation_is_kept(self) -> None:
        frames = [Image.new("RGB", (10, 10), colour) for colour in ("red", "blue")]
        moving = io.BytesIO()
        frames[0].save(moving, "PNG", save_all=True, append_images=frames[1:])
        with Image.open(io.BytesIO(clean("a.png", moving.getvalue()).content)) as drawn:
            assert getattr(drawn, "n_frames", 1) == 1

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
    def test_image_cut_short_is_refused(self, kind) -> None:
        whole = image(kind, (400, 300))
        assert refusal(whole[: len(whole) // 3]) == uploads.DAMAGED

    def test_what_hides_behind_an_image_is_not_kept(self) -> None:
        """A polyglot: a page, an archive or a program after the picture."""
        for tail in (b"<script>alert(1)</script>", b"PK\x03\x04" + CANARY, b"%PDF-1.7" + CANARY):
            assert tail not in clean("p.jpg", image() + tail).content


def taken_or_refused(content: bytes) -> None:
    try:
        clean("piece", content)
    except FileRefused:
        return


def _javascript(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))


def _launch(document: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.Launch, F=String("cmd.exe"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    document.pages[0].Annots = Array([link])


def _attached(document: pikepdf.Pdf) -> None:
    document.attachments["virus.exe"] = CANARY


def _attached_to_a_page(document: pikepdf.Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]))
    document.pages[0].Annots = Array([document.make_indirect(note)])


def _page_event(document: pikepdf.Pdf) -> None:
    document.pages[0].AA = Dictionary(O=Dictionary(S=Name.JavaScript, JS=String("x")))


def _xfa(document: pikepdf.Pdf) -> None:
    document.Root.AcroForm = Dictionary(Fields=Array([]), XFA=document.make_stream(b"<xdp/>"))


def _sent_elsewhere(document: pikepdf.Pdf) -> None:
    button = Dictionary(T=String("b"), FT=Name.Btn, A=Dictionary(S=Name.SubmitForm, F=String("https://x.example")))
    document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(button)]))


def _rich_media(document: pikepdf.Pdf) -> None:
    document.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia)])


ACTIVE = [
    _javascript, _launch, _attached, _attached_to_a_page, _page_event, _xfa, _sent_elsewhere, _rich_media,
]  # fmt: skip


class TestDocuments:
    @pytest.mark.parametrize("change", ACTIVE)
    @pytest.mark.parametrize("packed", [pikepdf.ObjectStreamMode.disable, pikepdf.ObjectStreamMode.generate])
    def test_document_that_acts_is_refused_also_inside_packed_objects(self, change, packed) -> None:
        assert refusal(pdf(change, object_stream_mode=packed)) == uploads.ACTIVE

    def test_plain_document_is_written_anew_without_its_description(self) -> None:
        def describe(document: pikepdf.Pdf) -> None:
            document.docinfo["/Author"] = CANARY.decode()
            with document.open_metadata() as meta:
                meta["dc:title"] = CANARY.decode()

        content = pdf(describe, pages=3)
        taken = clean("facture.pdf", content + b"\nPK\x03\x04" + CANARY)
        assert (taken.media_type, taken.pages) == (MediaType.PDF, 3)
        assert CANARY not in taken.content
        with pikepdf.open(io.BytesIO(taken.content)) as document:
            assert len(document.pages) == 3
            assert "/Metadata" not in document.Root

    def test_filled_form_and_a_first_page_are_no_danger(self) -> None:
        def fill(document: pikepdf.Pdf) -> None:
            field = Dictionary(T=String("nom"), FT=Name.Tx, V=String("Essai"))
            document.Root.AcroForm = Dictionary(Fields=Array([document.make_indirect(field)]))
            document.Root.OpenAction = Array([document.pages[0].obj, Name.Fit])

        assert clean("f.pdf", pdf(fill)).pages == 1

    def test_locked_document_is_told_apart(self) -> None:
        locked = pdf(encryption=pikepdf.Encryption(user="secret", owner="secret"))
        assert refusal(locked) == uploads.LOCKED
        assert refusal(pdf(encryption=pikepdf.Encryption(user="", owner="secret"))) == uploads.LOCKED

    def test_too_many_pages_are_refused(self) -> None:
        assert refusal(pdf(pages=MOST_PAGES + 1)) == uploads.LONG

    def test_stream_that_unpacks_to_a_gigabyte_costs_nothing(self) -> None:
        packed = zlib.compress(b"\x00" * 100_000_000, 9)

        def bomb(document: pikepdf.Pdf) -> None:
            stream = pikepdf.Stream(document, packed)
            stream.Filter = Name.FlateDecode
            document.pages[0].Contents = stream

        begun = time.monotonic()
        taken_or_refused(pdf(bomb, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none))
        assert time.monotonic() - begun < 10

    def test_objects_that_hold_each_other_end(self) -> None:
        def loop(document: pikepdf.Pdf) -> None:
            one = document.make_indirect(Dictionary())
            one.Next = document.make_indirect(Dictionary(Prev=one))
            document.Root.Loop = one

        assert clean("f.pdf", pdf(loop)).pages == 1

    @pytest.mark.parametrize("junk", [b"%PDF-1.7", b"%PDF-1.7\n" + b"x" * 500, b"%PDF-1.4\ntrailer<</Root 1 0 R>>"])
    def test_junk_with_a_good_beginning_is_refused(self, junk) -> None:
        assert refusal(junk) == uploads.DAMAGED


def packed_objects(size: int) -> bytes:
    """A document that says nothing, whose packed objects are `size` bytes of spaces behind one small object."""
    spaces = zlib.compressobj(9)
    stream = spaces.compress(b"5 0 << /A 1 >>")
    stream += b"".join(spaces.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + spaces.flush()
    objects = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream"
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R /X 5 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << >> >>",
        objects % (len(stream), stream),
    ]
    whole, rows = b"%PDF-1.5\n", _row(0, 0, 65535)
    for number, body in enumerate(bodies, start=1):
        rows += _row(1, len(whole), 0)
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows += _row(2, 4, 0) + _row(1, len(whole), 0)
    table = b"<< /Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n%b\nendstream" % (len(rows), rows)
    return b"%b6 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (whole, table, len(whole))


def _row(kind: int, where: int, more: int) -> bytes:
    return bytes([kind]) + where.to_bytes(4, "big") + more.to_bytes(2, "big")


def many_objects(count: int) -> bytes:
    def fill(document: pikepdf.Pdf) -> None:
        document.Root.X = Array([document.make_indirect(Dictionary(A=Array([each]))) for each in range(count)])

    return pdf(fill, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def many_scans(count: int) -> bytes:
    """A picture of forty million pixels, of which a progressive JPEG says the last detail again and again."""
    whole = image("JPEG", (6300, 6300), "L", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * count + b"\xff\xd9"


COSTS = """
import resource, sys, time
from portal.uploads import FileRefused, clean
begun = time.monotonic()
try:
    print(len(clean("piece", sys.stdin.buffer.read()).content))
except FileRefused as refused:
    print(refused)
spent = resource.getrusage(resource.RUSAGE_CHILDREN)
print(spent.ru_maxrss // 1000, spent.ru_utime + spent.ru_stime)
"""


GREEDY = """
import runpy, sys
import portal.cleaning.pdf as pdf
pdf.clean = lambda content: bytearray(2_000_000_000)
sys.argv = ["cleaning", "pdf"]
runpy.run_module("portal.cleaning", {}, "__main__")
"""


def costs_of(content: bytes) -> tuple[str, int, float]:
    """What became of a file, and what its process took: megabytes, and seconds of processor time."""
    done = subprocess.run([sys.executable, "-c", COSTS], input=content, capture_output=True, check=True)
    told, spent = done.stdout.decode().strip().splitlines()
    megabytes, seconds = spent.split()
    return told, int(megabytes), float(seconds)


class TestCost:
    """What no file may do: fill the memory, or keep a processor busy (issue: upload abuse)."""

    def test_packed_objects_without_end_are_refused_at_once(self) -> None:
        content = packed_objects(300_000_000)
        assert len(content) < 400_000
        told, megabytes, seconds = costs_of(content)
        assert told == uploads.HEAVY[FileKind.PDF]
        assert (megabytes < 250, seconds < 4) == (True, True)

    def test_packed_objects_of_a_usual_size_are_read(self) -> None:
        assert clean("f.pdf", packed_objects(3_000_000)).pages == 1

    def test_document_of_objects_without_number_is_refused_at_once(self) -> None:
        content = many_objects(100_000)
        assert len(content) < 2_000_000
        told, megabytes, seconds = costs_of(content)
        assert told == uploads.HEAVY[FileKind.PDF]
        assert (megabytes < 250, seconds < 4) == (True, True)

    def test_document_of_thousands_of_objects_is_read(self) -> None:
        assert clean("f.pdf", many_objects(20_000)).pages == 1

    @pytest.mark.slow
    def test_picture_that_takes_minutes_to_draw_is_given_up(self) -> None:
        """The kernel ends its process: 180 kB, and a hundred times more in the ten megabytes that we take."""
        told, megabytes, seconds = costs_of(many_scans(400))
        assert told == uploads.HEAVY[FileKind.IMAGE]
        assert (megabytes < 800, seconds < 12) == (True, True)

    def test_memory_that_a_file_asks_for_has_an_end(self) -> None:
        done = subprocess.run([sys.executable, "-c", GREEDY], input=b"%PDF-", capture_output=True, check=True)
        assert done.stdout == b"refused heavy\n"


class TestProcess:
    """Files are cleaned by a process that may die: its owner reads why, never a page of errors."""

    @pytest.mark.parametrize(
        ("program", "words"),
        [
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", uploads.HEAVY[FileKind.PDF]),
            ("import os, signal; os.kill(os.getpid(), signal.SIGXCPU)", uploads.HEAVY[FileKind.PDF]),
            ("import time; time.sleep(60)", uploads.HEAVY[FileKind.PDF]),
            ("import os, signal; os.kill(os.getpid(), signal.SIGABRT)", uploads.HEAVY[FileKind.PDF]),
            ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", uploads.UNREAD),
            ("raise SystemExit(3)", uploads.UNREAD),
            ("print('anything')", uploads.UNREAD),
            ("", uploads.UNREAD),
        ],
    )
    def test_process_that_dies_leaves_a_clear_message(self, monkeypatch, program, words) -> None:
        monkeypatch.setattr(uploads, "COMMAND", (sys.executable, "-S", "-c", program))
        monkeypatch.setattr(uploads, "LONGEST_CLEANING", 2.0 if "sleep" in program else 30.0)
        assert refusal(pdf()) == words

    def test_program_that_is_not_there_leaves_a_clear_message_and_a_line_in_the_log(self, monkeypatch, caplog) -> None:
        monkeypatch.setattr(uploads, "COMMAND", ("/nulle/part",))
        with caplog.at_level(logging.ERROR):
            assert refusal(pdf(), "Anne Essai.pdf") == uploads.UNREAD
        assert [record.getMessage() for record in caplog.records] == ["a file could not be cleaned: FileNotFoundError"]

    def test_process_knows_none_of_our_settings(self, monkeypatch) -> None:
        monkeypatch.setenv("PORTAL_SECRET_KEYS", CANARY.decode())
        told = "import os, sys; sys.stdout.write('taken application/pdf 1\\n' + str(dict(os.environ)))"
        monkeypatch.setattr(uploads, "COMMAND", (sys.executable, "-c", told))
        environment = clean("f.pdf", pdf()).content
        assert b"PYTHONPATH" in environment
        assert b"PORTAL_" not in environment

    @pytest.mark.parametrize(
        "verdict", [Cleaned(MediaType.PDF, b"a\nb", 3), Cleaned(MediaType.PNG, b""), *Refusal], ids=str
    )
    def test_verdict_is_read_as_it_was_written(self, verdict) -> None:
        assert unpacked(packed(verdict)) == verdict

    @pytest.mark.parametrize("answer", [b"", b"taken", b"taken application/pdf\n", b"refused x\n", b"\xff\n"])
    def test_anything_else_is_no_verdict(self, answer) -> None:
        with pytest.raises(ValueError):
            unpacked(answer)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", uploads.EMPTY),
        (b"MZ\x90\x00" * 99, uploads.UNKNOWN),
        (b"\x7fELF" * 99, uploads.UNKNOWN),
        (b"PK\x03\x04" * 99, uploads.UNKNOWN),
        (b"GIF89a" + b"\x00" * 99, uploads.UNKNOWN),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", uploads.UNKNOWN),
        (b" %PDF-1.7 late", uploads.UNKNOWN),
        (b"\xff\xd8\xff" + b"\x00" * (uploads.LARGEST_FILE + 1), uploads.TOO_LARGE),
    ],
    ids=["nothing", "exe", "elf", "zip", "gif", "svg", "late pdf", "too large"],
)
def test_what_is_no_document_is_refused_whatever_its_name(content, words) -> None:
    for name in ("facture.pdf", "photo.jpg", "a.png.exe"):
        assert refusal(content, name) == words


@trials(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"%PDF-1.7", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x18ftypheic", b""]),
    st.binary(max_size=300),
)
def test_no_content_at_all_makes_it_fail(start, rest) -> None:
    """Without the process around it, which would hide a failure, and take a minute."""
    cleaners = {FileKind.PDF: pdf_cleaning.clean, FileKind.IMAGE: image_cleaning.clean}
    with suppress(FileRefused, Refused):
        cleaners[uploads._kind_of(start + rest)](start + rest)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Facture n° 12.PDF", "Facture n 12.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\windows\\system32", "system32.pdf"),
        ("a\x00b\u202egpj.exe", "a b gpj.pdf"),
        ("<script>.png", "script.pdf"),
        ("…", "document.pdf"),
        ("", "document.pdf"),
        (".htaccess", "htaccess.pdf"),
        ("é" * 200 + ".jpg", "é" * 80 + ".pdf"),
        ("l’ordonnance (2).jpeg", "l’ordonnance (2).pdf"),
        ('a"; filename="b.exe', "a filename b.pdf"),
        ("retour\r\nSet-Cookie: x.pdf", "retour Set-Cookie x.pdf"),
    ],
)
def test_name_is_safe_to_show_and_to_save_under(name, kept) -> None:
    assert clean(name, pdf()).name == kept
