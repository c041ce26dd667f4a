import "./activation";
import "./commands";
import "./alt-text";
import "./folder-index";
import "./image-change";
import "./editor-ai";
import "./engine";
import "./server";
