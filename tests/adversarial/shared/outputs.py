# %% start what_displays_share ok
import json

from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display, update_display

kernel = get_ipython().kernel


def publish(kind, content):
    """Send a message as this cell's own, whatever it holds."""
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())


# %% start picture_with_a_script ok
# Held by the cleaning: pictures are PNG, JPEG and GIF; a drawing in SVG runs scripts.
display(
    SVG(
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(77)</script>"
        "<foreignObject><iframe src='javascript:alert(77)'/></foreignObject></svg>"
    )
)


# %% start markup_that_runs ok
# Held by the cleaning: an allow-list of elements and attributes.
display(
    HTML(
        "<img src=x onerror=alert(77)><svg onload=alert(77)><math href='javascript:alert(77)'>"
        "<details open ontoggle=alert(77)><body onload=alert(77)><a href='javascript:alert(77)'>"
        "<script>alert(77)</script><scr<script>ipt>alert(77)</script>"
    )
)


# %% start markup_that_fetches ok
# Held by the cleaning and by the page's policy: nothing is asked of another site.
display(
    HTML(
        "<link rel=stylesheet href=//evil.example/a.css><base href=//evil.example/>"
        "<meta http-equiv=refresh content='0;url=//evil.example'><object data=//evil.example>"
        "<embed src=//evil.example><video poster=//evil.example/a><img src=//evil.example/b>"
        "<style>@import '//evil.example/c';</style><div style='background:url(//evil.example)'>"
    )
)


# %% start markup_that_looks_like_a_result ok
# Held by the cleaning: classes and names of ours are not for cells, nor are forms.
display(
    HTML(
        "<section class='panel good' id='q1'><h3>Question 1 passed, 5 / 5</h3></section>"
        "<form action=/sign-in><input name=password></form></section></main></body>"
    )
)


# %% start script_as_a_type_of_its_own ok
# Held by the types that are kept: scripts, widgets and applications are not among them.
display(Javascript("alert(77)"))
publish(
    "display_data",
    {
        "data": {
            "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
            "application/pdf": "JVBERi0=",
            "text/x-script": "alert(77)",
        },
        "metadata": {},
    },
)


# %% start formulas_that_double_themselves ok
# Held by: macros are shown, not expanded.
macros = r"\def\a{xx}" + "".join(
    rf"\def\{chr(98 + n)}{{\{chr(97 + n)}\{chr(97 + n)}}}" for n in range(20)
)
display(
    Latex(rf"$${macros}\t$$"), Markdown(rf"${macros} \t$ and $\href{{javascript:alert(77)}}{{x}}$")
)


# %% start emphasis_in_emphasis ok
# Held by: what nests deeper than people write is shown as text, since parsing it takes the square.
display(Markdown("*a **b " * 3000), Markdown("[" * 5000), Markdown("> " * 2000 + "x"))


# %% start elements_that_parsers_open_again ok
# Held by: formatting that stays open in front of many paragraphs is shown as text.
display(HTML("<p>" + "<b title=i>" * 190 + "</p>" + "<p>x" * 5000))


# %% start escapes_of_terminals ok
# Held by: control characters are taken out, colours become classes.
print("\x1b[2J\x1b]0;passed\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 \x9b31m \u202eder")
print("\x1b[31m" * 2000 + "red", "a\rb\rc" * 1000)


# %% start display_of_another_cell ok
# Held by: an update reaches the places of its own notebook; at each of them it counts.
display("first", display_id="shared")
update_display(HTML("<script>alert(77)</script>"), display_id="shared")
publish(
    "update_display_data",
    {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "nowhere"}},
)


# %% start messages_without_their_parts ok
# Held by: what nbclient cannot use is passed over, or ends this kernel alone.
for kind, content in (
    ("execute_input", {}),
    ("shutdown_reply", {"restart": True}),
    ("comm_open", {"comm_id": 3}),
    ("iopub_welcome", {}),
    ("debug_event", {}),
):
    publish(kind, content)
publish("display_data", {"data": {"text/plain": ["a", "b"], "text/html": None}, "metadata": {}})
publish("display_data", {"data": {"text/html": ["<b>", "x", "</b>"]}, "metadata": {"x": 1}})


# %% start error_with_markup_in_its_name error
# Held by: names and texts of errors are text.
raise type("<script>alert(77)</script>\x1b[2J", (Exception,), {})("<img src=x onerror=alert(77)>")
