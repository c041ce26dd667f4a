"""User interfaces: forms, settings, dialogs, lists, dashboards and web pages."""
from __future__ import annotations

import random
from collections.abc import Callable

from ..prompts import Turn
from .canvas import PALETTE, Canvas, Colour, contrast, mix
from .drawing import Drawing
from .fonts import bold, family, font
from .labels import COLOURS, KINDS, SUBKINDS
from .phrasing import article, listing, number_word, plural, question, quoted
from .words import Words, capital

FIELDS = ["Username", "Password", "Email", "First name", "Last name", "Phone", "Address", "City", "Company", "Website", "Search", "Message", "Subject", "Country", "Title", "Description", "Amount", "Date"]
BUTTONS = ["Save", "Cancel", "Submit", "Log in", "Sign up", "Delete", "Next", "Back", "Continue", "OK", "Apply", "Close", "Send", "Create", "Upload", "Download", "Share", "Edit", "Add item", "Refresh"]
OPTIONS = ["Dark mode", "Notifications", "Auto save", "Sync", "Location", "Bluetooth", "Wi-Fi", "Email alerts", "Two-factor login", "Show hidden files", "Remember me", "Sound", "Spell check", "Auto update", "Public profile", "Beta features"]
PAGES = ["Home", "Dashboard", "Reports", "Users", "Settings", "Orders", "Analytics", "Help", "Billing", "Team", "Pricing", "Docs", "Blog", "About", "Contact", "Features"]
METRICS = ["Revenue", "Sales", "Users", "Requests", "Errors", "Latency", "Downloads", "Visitors", "Orders", "Profit", "Sign-ups", "Tickets"]


class Kit:
    """Colours, fonts and controls of one interface."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.dark = rng.random() < 0.35
        self.background: Colour = rng.choice([(32, 33, 36), (24, 26, 27), (18, 18, 24)]) if self.dark else rng.choice([(255, 255, 255), (246, 247, 249), (240, 242, 245)])
        self.ink: Colour = (225, 225, 228) if self.dark else (33, 37, 41)
        self.accent_name = rng.choice(COLOURS[:8])
        self.accent = PALETTE[self.accent_name]
        path = rng.choice(family("sans"))
        self.size = rng.randint(13, 17)
        self.face, self.head = font(path, self.size), font(bold(path), int(self.size * 1.4))
        self.line = mix(self.background, self.ink, 0.2)
        self.panel = mix(self.background, (255, 255, 255), 0.06 if self.dark else 0.9)
        self.radius = rng.choice([2, 4, 8, 16])
        self.tone = "dark" if self.dark else "light"

    def canvas(self, width: float, height: float, background: Colour | None = None) -> Canvas:
        return Canvas(self.rng, width, height, background or self.background)

    def button(self, canvas: Canvas, x: float, y: float, text: str, primary: bool = True, width: float | None = None) -> float:
        width = width or self.face.getlength(text) + self.size * 2
        box = (x, y, x + width, y + self.size * 2.3)
        canvas.rectangle(*box, fill=self.accent if primary else self.background, outline=None if primary else self.line, radius=self.radius)
        canvas.box("button", *box)
        canvas.text(x + width / 2, y + self.size * 1.15, text, self.face, contrast(self.accent) if primary else self.ink, anchor="mm")
        return width

    def input(self, canvas: Canvas, x: float, y: float, label: str, width: float) -> None:
        canvas.text(x, y, label, self.face, self.ink)
        box = (x, y + self.size * 1.5, x + width, y + self.size * 3.7)
        canvas.rectangle(*box, fill=self.panel, outline=self.line, radius=self.radius)
        canvas.box("input", *box)
        if self.rng.random() < 0.3:
            hint = self.rng.choice(["alice@example.com", f"Enter {label.lower()}", "••••••••", "Berlin", "2024-05-01"])
            canvas.text(x + 8, y + self.size * 2.6, hint, self.face, mix(self.ink, self.background, 0.45), anchor="lm", record="•" not in hint)

    def toggle(self, canvas: Canvas, x: float, y: float, on: bool, switch: bool) -> None:
        fill = self.accent if on else mix(self.background, self.ink, 0.3 if switch else 0)
        canvas.box("toggle", x, y, x + (38 if switch else 20), y + 20)
        if switch:
            canvas.rectangle(x, y, x + 38, y + 20, fill=fill, radius=10)
            knob = x + (28 if on else 10)
            canvas.draw.ellipse((knob - 8, y + 2, knob + 8, y + 18), fill=(255, 255, 255))
            return
        canvas.rectangle(x, y, x + 20, y + 20, fill=fill, outline=self.accent if on else mix(self.background, self.ink, 0.5), radius=3, width=2)
        if on:
            canvas.draw.line((x + 4, y + 10, x + 8, y + 15, x + 16, y + 5), fill=contrast(self.accent), width=3)


Parts = tuple[Canvas, str, str, dict[str, int], list[Turn]]


def _form(kit: Kit, words: Words, split: str) -> Parts:
    rng = kit.rng
    names = rng.sample(FIELDS, rng.randint(1, 4)) if rng.random() < 0.5 else ["Email", "Password"]
    title = rng.choice(["Log in", "Sign in", "Create account", "Contact us", "Welcome back", "Register", "Checkout", "Edit profile", f"New {words.noun()}"])
    buttons = [rng.choice(BUTTONS)] + ([rng.choice(["Cancel", "Back", "Reset"])] if rng.random() < 0.4 else [])
    width = rng.randint(420, 900)
    inner = min(width - 80, rng.randint(280, 420))
    canvas = kit.canvas(width, 110 + len(names) * kit.size * 4.8 + kit.size * 6)
    x0 = (width - inner) // 2
    canvas.rectangle(x0 - 30, 20, x0 + inner + 30, canvas.height - 20, fill=kit.panel, outline=kit.line, radius=8)
    canvas.box("panel", x0 - 30, 20, x0 + inner + 30, canvas.height - 20)
    canvas.text(x0, 44, title, kit.head, kit.ink)
    y = 44 + kit.size * 3
    for name in names:
        kit.input(canvas, x0, y, name, inner)
        y += int(kit.size * 4.8)
    check = None
    if rng.random() < 0.4:
        check = (rng.choice(["Remember me", "I agree to the terms", "Subscribe to the newsletter"]), rng.random() < 0.5)
        kit.toggle(canvas, x0, y, check[1], switch=False)
        canvas.text(x0 + 28, y, check[0], kit.face, kit.ink)
        y += 34
    x: float = x0
    for index, text in enumerate(buttons):
        x += kit.button(canvas, x, y, text, index == 0, inner if len(buttons) == 1 and rng.random() < 0.6 else None) + 12
    state = f' The checkbox "{check[0]}" is {"checked" if check[1] else "not checked"}.' if check else ""
    text = f'This is a screenshot of a user interface (UI): a {kit.tone} form titled "{title}". It has {plural(len(names), "input field")}: {listing(names)}.{state} The main button is "{buttons[0]}"' + (f', next to "{buttons[1]}".' if buttons[1:] else ".")
    html = "".join(f'  <label>{n} <input type="{"password" if n == "Password" else "email" if n == "Email" else "text"}"></label>\n' for n in names)
    html += f'  <label><input type="checkbox"{" checked" if check[1] else ""}> {check[0]}</label>\n' if check else ""
    html += "".join(f"  <button>{b}</button>\n" for b in buttons)
    turns = [
        Turn("Which input fields are there?", f"There {'are' if len(names) > 1 else 'is'} {number_word(len(names))}: {listing(names)}.", "fields"),
        Turn("Which buttons are shown?", f"{listing(buttons)}.", "buttons"),
        Turn(rng.choice(["Write HTML for this form.", "Turn this UI into HTML."]), f"```html\n<form>\n  <h1>{title}</h1>\n{html}</form>\n```", "html"),
    ]
    labels = {"count": len(names)}
    if check:
        turns.append(Turn(f'Is "{check[0]}" checked?', "Yes, it is checked." if check[1] else "No, it is not checked.", "toggle"))
        labels["toggle"] = int(check[1])
    return canvas, text, f'"{title}" form with {listing(names)}', labels, turns


def _settings(kit: Kit, words: Words, split: str) -> Parts:
    rng = kit.rng
    mobile = rng.random() < 0.4
    names = rng.sample(OPTIONS, rng.randint(3, 6))
    on = [rng.random() < 0.5 for _ in names]
    switch = rng.random() < 0.65
    title = rng.choice(["Settings", "Preferences", "Options", "Privacy", "Account settings", "General"])
    width = rng.randint(320, 380) if mobile else rng.randint(460, 900)
    canvas = kit.canvas(width, rng.randint(600, 700) if mobile else 130 + len(names) * 54)
    if mobile:
        canvas.draw.rectangle((0, 0, width, 70), fill=kit.accent)
        canvas.text(20, 36, title, kit.head, contrast(kit.accent), anchor="lm")
    else:
        canvas.text(28, 24, title, kit.head, kit.ink)
    for index, (name, state) in enumerate(zip(names, on)):
        y = 90 + index * 52
        canvas.text(28 if switch else 60, y + 3, name, kit.face, kit.ink)
        kit.toggle(canvas, width - 70 if switch else 28, y, state, switch)
        canvas.draw.line((20, y + 38, width - 20, y + 38), fill=kit.line)
    enabled = [n for n, s in zip(names, on) if s]
    disabled = [n for n, s in zip(names, on) if not s]
    control = "switch" if switch else "checkbox"
    text = f'This is a {"mobile" if mobile else "desktop"} user interface (UI): a settings screen titled "{title}" with {plural(len(names), control)}: {listing(names)}. '
    text += (f"Turned on: {listing(enabled)}. " if enabled else "None is turned on. ") + (f"Turned off: {listing(disabled)}." if disabled else "All are on.")
    pick = rng.randrange(len(names))
    turns = [
        Turn(rng.choice([f"Is {names[pick]} on?", f"Is {names[pick]} enabled?"]), f"Yes, {names[pick]} is on." if on[pick] else f"No, {names[pick]} is off.", "toggle"),
        Turn("Which options are there?", f"{capital(number_word(len(names)))} options: {listing(names)}.", "options"),
        Turn("Which options are enabled?", f"{listing(enabled)}." if enabled else "None of them is enabled.", "enabled"),
    ]
    return canvas, text, f'"{title}" screen with {plural(len(names), control)}', {"count": len(names), "toggle": int(on[0])}, turns


DIALOGS: dict[str, list[tuple[str, str, str]]] = {
    "error": [
        ("Failed to save %noun%", "The %noun% could not be saved.", "try again and check that you may write to the target"),
        ("Error", "The connection timed out.", "check the network connection and press Retry"),
        ("Upload failed", "You do not have permission.", "ask the owner for access or sign in with another account"),
        ("Cannot open %noun%", "The file is damaged or of an unknown format.", "open another copy or convert the file"),
        ("Application error", "%Noun% stopped working: error code %n%.", "restart the application and look up the error code %n%"),
        ("Login failed", "The user name or password is incorrect.", "type the password again or reset it"),
        ("Disk full", "There is not enough space to %verb% the %noun%.", "free some disk space"),
    ],
    "warning": [("Unsaved changes", "Your changes will be lost.", ""), ("Warning", "The disk is almost full.", ""), ("Low battery", "%n2% minutes remain.", "")],
    "info": [("Update available", "A new version is ready to install.", ""), ("Information", "The %noun% was saved.", ""), ("Done", "%n% files were copied.", "")],
    "confirmation": [("Delete %noun%?", "This will remove the %noun% permanently.", ""), ("Are you sure?", "The %noun% will be reset.", "")],
}  # fmt: skip
_DIALOG_BUTTONS = {"error": ["OK", "Retry"], "warning": ["Save", "Discard"], "info": ["Install", "Later"], "confirmation": ["Delete", "Cancel"]}


def _dialog(kit: Kit, words: Words, split: str) -> Parts:
    from .words import fill

    rng, values = kit.rng, words.variables()
    sort = rng.choices(list(DIALOGS), [4, 1, 1, 1])[0]
    title, message, fix = (fill(t, values) for t in rng.choice(DIALOGS[sort]))
    buttons = _DIALOG_BUTTONS[sort][: rng.randint(1, 2)]
    width = rng.randint(480, 900)
    height = int(width * rng.uniform(0.4, 0.6))
    canvas = kit.canvas(width, height, mix(kit.background, (0, 0, 0), 0.25))
    x0, y0, x1, y1 = width * 0.1, height * 0.14, width * 0.9, height * 0.88
    canvas.rectangle(x0, y0, x1, y1, fill=kit.background, outline=kit.line, radius=8)
    canvas.box("panel", x0, y0, x1, y1)
    colour = PALETTE[{"error": "red", "warning": "orange", "info": "blue", "confirmation": "gray"}[sort]]
    canvas.draw.ellipse((x0 + 20, y0 + 22, x0 + 52, y0 + 54), fill=colour)
    canvas.box("icon", x0 + 20, y0 + 22, x0 + 52, y0 + 54)
    canvas.text(x0 + 36, y0 + 38, {"error": "×", "warning": "!", "info": "i", "confirmation": "?"}[sort], kit.face, (255, 255, 255), anchor="mm", record=False)
    canvas.text(x0 + 68, y0 + 26, title, kit.head, kit.ink)
    canvas.text(x0 + 68, y0 + 34 + kit.size * 2, message, kit.face, mix(kit.ink, kit.background, 0.15))
    x = x1 - 20
    for index, text in enumerate(buttons):
        x -= kit.face.getlength(text) + kit.size * 2
        kit.button(canvas, x, y1 - kit.size * 3.4, text, index == 0)
        x -= 12
    said = f'This is a user interface (UI): {article(sort)} dialog titled "{title}". It says: "{message}"'
    told = said + f" {'The buttons are' if buttons[1:] else 'The button is'} {quoted(buttons)}." + (f" To fix it, {fix}." if fix else "")
    answer = f'The error dialog "{title}" says: "{message}" To fix it, {fix}.' if fix else f'It is not an error: the dialog "{title}" says "{message}"'
    turns = [
        Turn("Which buttons are shown?", f"{listing(buttons)}.", "buttons"),
        Turn(rng.choice(["What kind of dialog is this?", "What sort of message is it?"]), f"It is {article(sort)} dialog.", "dialog_kind"),
        Turn(rng.choice(["What does the dialog say?", "What is the message?"]), f'It says: "{message}"', "message"),
        Turn(question(rng, "error", split), answer, "error" if fix else "no_error"),
    ]
    return canvas, told, f"{capital(sort)} dialog: {title}. {message}", {"count": len(buttons)}, turns


def _list(kit: Kit, words: Words, split: str) -> Parts:
    rng = kit.rng
    items = [f"{capital(n)} {rng.randint(1, 99)}" if rng.random() < 0.4 else f"{capital(words.verb())} {n}" for n in words.some(rng.randint(3, 7))]
    title = rng.choice(["Tasks", "Inbox", "Files", "Orders", "Projects", "Messages", "To do", "Issues", "Pull requests", "Notifications"])
    button = rng.choice(BUTTONS)
    width = rng.randint(380, 800)
    canvas = kit.canvas(width, 90 + len(items) * 56)
    canvas.text(24, 22, title, kit.head, kit.ink)
    kit.button(canvas, width - 30 - kit.face.getlength(button) - kit.size * 2, 20, button)
    selected = rng.randrange(len(items)) if rng.random() < 0.5 else None
    for index, item in enumerate(items):
        y = 80 + index * 56
        if index == selected:
            canvas.draw.rectangle((8, y, width - 8, y + 50), fill=mix(kit.accent, kit.background, 0.6))
        canvas.draw.line((16, y + 54, width - 16, y + 54), fill=kit.line)
        canvas.draw.ellipse((22, y + 9, 54, y + 41), fill=PALETTE[rng.choice(COLOURS)])
        canvas.box("icon", 22, y + 9, 54, y + 41)
        canvas.text(70, y + 16, item, kit.face, kit.ink)
    chosen = f'The item "{items[selected]}" is selected.' if selected is not None else "No item is selected."
    text = f'This is a user interface (UI) with a list titled "{title}" of {plural(len(items), "item")}: {listing(items)}. {chosen} There is a "{button}" button.'
    turns = [
        Turn("How many items are in the list?", f"There are {len(items)} items.", "count"),
        Turn("Which item is selected?", chosen, "selected"),
        Turn("Which items are listed?", f"{listing(items)}.", "items"),
        Turn("Which buttons are shown?", f"{button}.", "buttons"),
    ]
    labels = {"count": len(items)} | ({"highest": selected} if selected is not None else {})
    return canvas, text, f'"{title}" list with {plural(len(items), "item")}', labels, turns


def _dashboard(kit: Kit, words: Words, split: str) -> Parts:
    rng = kit.rng
    names = rng.sample(METRICS, rng.randint(2, 4))
    values = [f"{rng.randint(1, 99)},{rng.randint(100, 999)}" if rng.random() < 0.5 else f"{rng.randint(1, 99)}%" for _ in names]
    pages = rng.sample(PAGES, rng.randint(3, 6))
    width = rng.randint(900, 1300)
    canvas = kit.canvas(width, width * 0.56)
    side = 180
    colour = rng.choice([kit.accent, mix(kit.background, kit.ink, 0.1), (28, 34, 48)])
    canvas.draw.rectangle((0, 0, side, canvas.height), fill=colour)
    canvas.box("panel", 0, 0, side, canvas.height)
    app = capital(words.noun()) + rng.choice(["ly", "Hub", "App", "Desk", "ify"])
    canvas.text(20, 18, app, kit.head, contrast(colour))
    for index, page in enumerate(pages):
        canvas.text(24, 70 + index * 38, page, kit.face, contrast(colour))
    title = rng.choice(["Dashboard", "Overview", "Analytics"])
    canvas.text(side + 24, 20, title, kit.head, kit.ink)
    card = (width - side - 24 * (len(names) + 1)) / len(names)
    for index, (name, value) in enumerate(zip(names, values)):
        x = side + 24 + index * (card + 24)
        canvas.rectangle(x, 70, x + card, 160, fill=kit.panel, outline=kit.line, radius=6)
        canvas.box("panel", x, 70, x + card, 160)
        canvas.text(x + 14, 84, name, kit.face, mix(kit.ink, kit.background, 0.3))
        canvas.text(x + 14, 112, value, kit.head, kit.ink)
    x0, y0, x1, y1 = side + 24, 190, width - 24, canvas.height - 24
    canvas.rectangle(x0, y0, x1, y1, fill=kit.panel, outline=kit.line, radius=6)
    sort, number = rng.choice(["bar", "line"]), rng.randint(5, 12)
    step = (x1 - x0 - 60) / number
    heights = [(y1 - y0 - 60) * rng.uniform(0.15, 1) for _ in range(number)]
    points = [(x0 + 30 + step * i, y1 - 20 - h) for i, h in enumerate(heights)]
    if sort == "bar":
        for x, y in points:
            canvas.draw.rectangle((x, y, x + step * 0.6, y1 - 20), fill=kit.accent)
            canvas.box("bar", x, y, x + step * 0.6, y1 - 20)
    else:
        canvas.draw.line(points, fill=kit.accent, width=3)
        for a, b in zip(points, points[1:]):
            canvas.box("line", a[0], min(a[1], b[1]), b[0], max(a[1], b[1]))
    cards = [f"{n} {v}" for n, v in zip(names, values)]
    text = f'This is a user interface (UI): a {kit.tone} dashboard of "{app}" with a sidebar ({listing(pages)}). It shows {plural(len(names), "card")}: {listing(cards)}. Below them is a {sort} chart.'
    pick = rng.randrange(len(names))
    turns = [
        Turn(f"What is the value of {names[pick]}?", f"{names[pick]} is {values[pick]}.", "value"),
        Turn("Which navigation items are there?", f"{listing(pages)}.", "items"),
        Turn("What is the name of the app?", f"The app is called {app}.", "name"),
    ]
    return canvas, text, f'"{app}" dashboard with {listing(cards)}', {"count": len(names)}, turns


def _page(kit: Kit, words: Words, split: str) -> Parts:
    """A landing page in a browser."""
    rng = kit.rng
    app = capital(words.noun()) + rng.choice(["ly", "Hub", "Kit", "Flow", ""])
    pages = rng.sample(PAGES, rng.randint(3, 5))
    slogan = rng.choice([f"{capital(words.verb())} your {words.noun()} faster", f"The {words.noun()} platform for teams", f"{capital(words.noun())} made simple"])
    line = words.sentence()
    buttons = rng.sample(["Get started", "Learn more", "Sign up", "Try for free", "View on GitHub", "Download"], rng.randint(1, 2))
    width = rng.randint(900, 1400)
    canvas = kit.canvas(width, width * rng.uniform(0.5, 0.65))
    top = 0
    url = f"https://{app.lower()}.example.com"
    if rng.random() < 0.5:
        top = 44
        canvas.draw.rectangle((0, 0, width, top), fill=mix(kit.background, kit.ink, 0.12))
        canvas.rectangle(120, 8, width - 80, 36, fill=kit.background, radius=14)
        canvas.text(136, 22, url, kit.face, kit.ink, anchor="lm")
    canvas.text(32, top + 30, app, kit.head, kit.accent, anchor="lm")
    x = width - 32
    for page in reversed(pages):
        x = int(canvas.text(x, top + 30, page, kit.face, kit.ink, anchor="rm")[0] - 28)
    big = font(kit.head.path, int(width / 28))
    canvas.text(width / 2, canvas.height * 0.36, slogan, big, kit.ink, anchor="mm")
    canvas.text(width / 2, canvas.height * 0.36 + width / 20, line, kit.face, mix(kit.ink, kit.background, 0.3), anchor="mm")
    x = int(width / 2 - 90 * len(buttons))
    for index, text in enumerate(buttons):
        x += int(kit.button(canvas, x, canvas.height * 0.6, text, index == 0)) + 16
    told = f'This is a user interface (UI): a web page of "{app}" with the navigation {listing(pages)}. The heading is "{slogan}", followed by "{line}" {"The buttons are" if buttons[1:] else "The button is"} {quoted(buttons)}.'
    turns = [
        Turn(rng.choice(["What is the heading?", "What is the slogan?"]), f'The heading is "{slogan}".', "title"),
        Turn("Which navigation items are there?", f"{listing(pages)}.", "items"),
        Turn("Which buttons are shown?", f"{listing(buttons)}.", "buttons"),
    ]
    return canvas, told, f'Web page of {app}: "{slogan}"', {"count": len(pages)}, turns


HTTP_PAGES = [
    ("404 Not Found", "The requested URL was not found on this server.", "the address is wrong or the page was removed", "check the URL and the routes of the server"),
    ("502 Bad Gateway", "nginx/1.24.0", "the proxy got no valid answer from the application", "check that the application behind the proxy is running"),
    ("500 Internal Server Error", "The server encountered an internal error.", "the application raised an unhandled error", "look at the server's log"),
    ("403 Forbidden", "You don't have permission to access this resource.", "the server refuses access", "check the permissions or sign in"),
    ("503 Service Unavailable", "The server is temporarily unable to service your request.", "the server is overloaded or in maintenance", "wait and try again"),
    ("This site can't be reached", "localhost refused to connect. ERR_CONNECTION_REFUSED", "no server listens at that address", "start the server or correct the port"),
    ("This site can't be reached", "DNS_PROBE_FINISHED_NXDOMAIN", "the host name does not exist", "check the spelling of the address and the DNS settings"),
    ("Your connection is not private", "NET::ERR_CERT_DATE_INVALID", "the certificate has expired or the clock is wrong", "renew the certificate or set the clock"),
    ("504 Gateway Timeout", "The upstream server did not respond in time.", "the application is too slow to answer", "find the slow request or raise the timeout"),
]  # fmt: skip


def _browser_error(kit: Kit, words: Words, split: str) -> Parts:
    rng = kit.rng
    title, message, cause, fix = rng.choice(HTTP_PAGES)
    width = rng.randint(600, 1200)
    canvas = kit.canvas(width, width * rng.uniform(0.4, 0.6))
    url = rng.choice([f"localhost:{rng.choice([3000, 5173, 8080])}", f"{words.noun()}.example.com/{words.noun()}"])
    canvas.draw.rectangle((0, 0, width, 44), fill=mix(kit.background, kit.ink, 0.12))
    canvas.rectangle(120, 8, width - 80, 36, fill=kit.background, radius=14)
    canvas.text(136, 22, url, kit.face, kit.ink, anchor="lm")
    centred = rng.random() < 0.5
    x, anchor = (width / 2, "mm") if centred else (80, "lm")
    canvas.text(x, canvas.height * 0.4, title, font(kit.head.path, int(width / 30)), kit.ink, anchor=anchor)
    canvas.text(x, canvas.height * 0.4 + width / 22, message, kit.face, mix(kit.ink, kit.background, 0.3), anchor=anchor)
    told = f'This is a user interface (UI): a browser window with an error page for {url}: "{title}". It says: "{message}" It means that {cause}. To fix it, {fix}.'
    turns = [
        Turn(question(rng, "error", split), f'The error is "{title}": {cause}. To fix it, {fix}.', "error"),
        Turn("Which address is open?", f"The address is {url}.", "value"),
    ]
    return canvas, told, f"Browser error page: {title}", {}, turns


_SORTS: dict[str, tuple[Callable[[Kit, Words, str], Parts], float]] = {
    "login": (_form, 3), "settings": (_settings, 3), "dialog": (_dialog, 4), "list": (_list, 2),
    "dashboard": (_dashboard, 2.5), "browser": (_page, 2.5), "error": (_browser_error, 1.5),
}  # fmt: skip


def interface(rng: random.Random, words: Words, split: str) -> Drawing:
    kit = Kit(rng)
    sort = rng.choices(list(_SORTS), [weight for _, weight in _SORTS.values()])[0]
    canvas, text, alt, labels, turns = _SORTS[sort][0](kit, words, split)
    labels = {"kind": KINDS.index("ui"), "subkind": SUBKINDS.index(sort), "theme": int(kit.dark)} | labels
    if sort in ("login", "dashboard", "settings", "list"):
        labels["colour"] = COLOURS.index(kit.accent_name)
    turns = [Turn(question(rng, "explain", split), text, "explain"), Turn(question(rng, "alt", split), alt, "alt"), *turns]
    return Drawing(canvas, "ui", labels, turns, {}, "a user interface (UI)")
