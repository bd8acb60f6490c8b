"""Expat: events, positions, entities, encodings, namespaces, errors; pieces of any size give the same."""

import threading
import xml.dom.minidom
import xml.etree.ElementTree as ElementTree
import xml.sax
from xml.parsers import expat

DOCUMENT = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<!-- about -->
<!DOCTYPE list SYSTEM "list.dtd" [
<!ELEMENT list (item | (a, b?)+)*>
<!ELEMENT item (#PCDATA)>
<!ATTLIST item kind (old|new) "new" id ID #REQUIRED>
<!NOTATION png SYSTEM "png">
<!ENTITY word "w&#246;rd &inner;">
<!ENTITY inner "<item id='x'/>">
<!ENTITY picture SYSTEM "p.png" NDATA png>
<!ENTITY file SYSTEM "file.xml">
]>
<?style sheet?>
<list xmlns:p="urn:p" p:at="1">
 <item id=" a
 b ">t\xe4xt &amp; &word;</item><![CDATA[<&]]>&file;
</list>
"""

HANDLERS = [name for name in dir(expat.ParserCreate()) if name.endswith(("Handler", "HandlerExpand"))]


def events(document, size, namespaces=None, without=()):
    told = []
    parser = expat.ParserCreate(namespace_separator=namespaces)
    parser.buffer_text = True
    parser.SetReparseDeferralEnabled(False)

    def teller(name):
        def tell(*arguments):
            told.append((name.removesuffix("Handler"), arguments))
            return 1

        return tell

    for name in HANDLERS:
        if name not in without and not name.startswith("Default"):
            setattr(parser, name, teller(name))
    for start in range(0, len(document), size):
        parser.Parse(document[start : start + size])
    parser.Parse(b"", True)
    return told


def joined(told):
    """Text that came in pieces is one text."""
    result = []
    for name, arguments in told:
        if name == "CharacterData" and result and result[-1][0] == name:
            result[-1] = (name, (result[-1][1][0] + arguments[0],))
        else:
            result.append((name, arguments))
    return result


whole = joined(events(DOCUMENT, len(DOCUMENT), "!"))
for event in whole:
    print(*event)
for size in (1, 2, 7, 100):
    assert joined(events(DOCUMENT, size, "!")) == whole, size
text = DOCUMENT.decode("iso-8859-1")
for encoding in ("utf-8", "utf-16", "cp1252", "koi8-r"):
    declared = text.replace("iso-8859-1", encoding).replace("\xe4", "" if encoding == "koi8-r" else "\xe4")
    again = joined(events(declared.encode(encoding), 3, "!"))
    assert len(again) == len(whole), encoding

for document in (
    "", "text", "<a>", "<a></b>", "<a/>b", "<a/><b/>", "<a b='1' b='2'/>", "<a b=1/>", "<a>&no;</a>",
    "<a>&#0;</a>", "<a>]]></a>", "<a", "<a><![CDATA[", "<a b='<'/>", "<?xml version='1.0'", "<a>\x01</a>",
    " <?xml version='1.0'?><a/>", "<?xml version='1.0' encoding='latin'?><a/>", "<a>\n\n  <b></a>",
    "<!DOCTYPE a [<!ENTITY e '&e;'>]><a>&e;</a>", "<!DOCTYPE a [<!ENTITY e '<b>'>]><a>&e;</a>",
    "<!DOCTYPE a [<!ENTITY e 'x'><!ENTITY e 'y'>]><a b='&e;'>&e;</a>", "<!DOCTYPE a [<!ELEMENT a>]><a/>",
    "<?xml version='1.0' standalone='yes' encoding='utf-8'?><a/>",
):
    parser = expat.ParserCreate()
    try:
        parser.Parse(document.encode(), True)
        print(repr(document), "is well-formed")
    except expat.ExpatError as error:
        print(repr(document), error, error.code, parser.ErrorByteIndex)

for document in ("<p:a/>", "<a xmlns:p=''/>", "<a xmlns:xml='urn:x'/>", "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>"):
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(document, True)
    except expat.ExpatError as error:
        print(document, error)

# What nobody handles is given to the default handler as it is written.
pieces = []
parser = expat.ParserCreate()
parser.DefaultHandler = pieces.append
parser.Parse(b"<!DOCTYPE a [ <!ENTITY e 'v'> ]><a b='c'>x &e;<!-- c --></a>", True)
print("".join(pieces))

# A handler that raises ends it.
parser = expat.ParserCreate()
parser.StartElementHandler = lambda name, attributes: 1 / 0
try:
    parser.Parse("<a><b/></a>", True)
except ZeroDivisionError as error:
    print("raised", error)

# External entities have parsers of their own.
def outer(context, base, system, public):
    inner = parser.ExternalEntityParserCreate(context)
    inner.Parse("<b>of %s</b>" % system, True)
    return 1


texts = []
parser = expat.ParserCreate()
parser.CharacterDataHandler = texts.append
parser.ExternalEntityRefHandler = outer
parser.Parse("<!DOCTYPE a [<!ENTITY e SYSTEM 'there'>]><a>&e;!</a>", True)
print(texts)

# Little documents do not become huge.
rows = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9))
try:
    expat.ParserCreate().Parse(f"<!DOCTYPE a [<!ENTITY e0 'x'>{rows}]><a>&e9;</a>", True)
except expat.ExpatError as error:
    print(error.code, expat.ErrorString(error.code))

root = ElementTree.fromstring("<a x='1'><b>t</b>tail<c xmlns='urn:c'/></a>")
print(ElementTree.tostring(root, encoding="unicode"), [e.tag for e in root.iter()])
print(xml.dom.minidom.parseString("<a b='1'><!--c-->d</a>").toxml())


class Names(xml.sax.ContentHandler):
    def startElement(self, name, attributes):
        print("sax", name, dict(attributes))


xml.sax.parseString(b"<a><b c='d'/></a>", Names())

# A parser that several threads feed loses nothing and tells everything once.
names = []
parser = expat.ParserCreate()
parser.StartElementHandler = lambda name, attributes: names.append(name)
parser.Parse("<a>")
threads = [threading.Thread(target=lambda: [parser.Parse("<b>t</b>") for _ in range(200)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
parser.Parse("</a>", True)
assert len(names) == 801, len(names)
