"""Photos and films of cards, as a phone takes them: the DataMatrix small, tilted, badly lit, among other things."""

import io
from pathlib import Path

import zxingcpp
from PIL import Image, ImageFilter

FRAMES = 4


def drawn_matrix(text: str, scale: int = 6) -> Image.Image:
    """The DataMatrix of a text, black on white."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    return Image.fromarray(made.to_image(scale=scale)).convert("L")


def photo_of(text: str, kind: str = "JPEG", *, size: tuple[int, int] = (1600, 1200), tilt: float = 7) -> bytes:
    """A photo in which a card shows this DataMatrix."""
    picture = Image.new("L", size, 150)
    matrix = drawn_matrix(text)
    card = Image.new("L", (matrix.width + 300, matrix.height + 120), 235)
    card.paste(matrix, (270, 60))
    turned = card.rotate(tilt, expand=True, fillcolor=150)
    picture.paste(turned, (size[0] // 5, size[1] // 5))
    noisy = Image.blend(picture, Image.effect_noise(size, 60), 0.2)
    return encoded(noisy.filter(ImageFilter.GaussianBlur(1)).convert("RGB"), kind)


def card_picture(text: str) -> Image.Image:
    """What a camera sees of a card held before it."""
    matrix = drawn_matrix(text, scale=5)
    picture = Image.new("L", (640, 480), 170)
    picture.paste(matrix.rotate(3, expand=True, fillcolor=255), (130, 60))
    return picture


def film_of(picture: Image.Image, path: Path) -> Path:
    """A film of one grey picture, for Chromium's fake camera (YUV4MPEG2)."""
    width, height = picture.size
    frame = b"FRAME\n" + picture.tobytes() + b"\x80" * (width * height // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420mpeg2\n".encode() + frame * FRAMES)
    return path


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()
