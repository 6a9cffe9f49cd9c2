"""Photos of cards, as a phone takes them: the DataMatrix small, tilted, badly lit, among other things."""

import io

import zxingcpp
from PIL import Image, ImageFilter


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
    return encoded(
        Image.blend(picture, Image.effect_noise(size, 60), 0.2).filter(ImageFilter.GaussianBlur(1)).convert("RGB"), kind
    )


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()
