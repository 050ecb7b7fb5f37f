"""Print documents: a template of ours, facts as data, pictures; out comes a PDF that is the same every time."""

from monitor.pdf.press import Printed, can_print, print_pdf

__all__ = ["Printed", "can_print", "print_pdf"]
