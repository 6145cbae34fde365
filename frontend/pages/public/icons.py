"""One picture for each kind of offering, by category, else by service type. Names are Lucide's."""

from typing import Final

from listings import queries

ICONS: Final = {
    "cloud-hosts": "server",
    "bare-metal": "hard-drive",
    "gpu": "cpu",
    "object-storage": "database",
    "block-storage": "hard-drive",
    "file-storage": "folder",
    "archive-storage": "archive",
    "bandwidth": "gauge",
    "leased-lines": "cable",
    "load-balancing": "split",
    "network": "network",
    "racks": "building-2",
    "databases": "database",
    "containers": "container",
    "big-data": "chart-column",
    "government-platform": "landmark",
    "mongolian": "languages",
    "livelihood": "heart-handshake",
    "farming": "wheat",
    "industry": "factory",
    "disaster-recovery": "life-buoy",
    "acceleration": "zap",
    "video": "video",
    "data-mining": "pickaxe",
    "security": "shield-check",
    "migration": "truck",
    "iaas": "server",
    "paas": "boxes",
    "saas": "app-window",
    "value_added": "shield-plus",
    "project": "clipboard-check",
}


def icon_of(row: queries.OfferingRow) -> str:
    """The name of the icon for an offering."""
    return ICONS.get(row.category_slug) or ICONS.get(row.product.service_model, "server")
