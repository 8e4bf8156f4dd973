"""The task's frame in a worker's workspace, as a browser test finds it."""

from playwright.sync_api import Frame, Page

from crowdloom.testkit.waiting import until


def task_frame(page: Page) -> Frame:
    """The loaded frame of the item that the page shows. Never looked up by its address: while one
    item makes way for the next, the frame of the one before may still be listed.
    """
    page.locator("[data-submit]:enabled").wait_for()
    # A frame that has just been put there, or that another process takes over, is no frame yet.
    found = until(lambda: page.locator("#task-frame").element_handle().content_frame())
    found.wait_for_load_state("load")
    return found
