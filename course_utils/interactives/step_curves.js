// A curve over steps.

/** A line through points of the plane, cut off at its frame. */
export function drawCurve(plane, points, colour, width, dash = []) {
  const { ctx } = plane;
  plane.clip(() => {
    ctx.beginPath();
    for (const point of points) ctx.lineTo(...plane.at(point));
    ctx.strokeStyle = colour; ctx.lineWidth = width; ctx.setLineDash(dash); ctx.stroke(); ctx.setLineDash([]);
  });
}
